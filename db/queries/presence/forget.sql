-- Forget the processes that were last seen so long ago.
DELETE FROM processes WHERE seen_at < statement_timestamp() - make_interval(secs => %(kept)s)
