-- Take note that these processes are silent; return those that still are.
UPDATE processes SET silent_at = coalesce(silent_at, clock_timestamp())
WHERE name = ANY(CAST(%(names)s AS text[])) AND seen_at < statement_timestamp() - make_interval(secs => %(silence)s)
RETURNING name
