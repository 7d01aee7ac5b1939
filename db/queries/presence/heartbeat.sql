-- Say that the process lives, and find those that are silent for too long: until their jobs were taken back, and some
-- seconds more, as a dying transaction may have locked a job.
-- Only a process that was heard all the time finds any: while the database or the host was away all were silent.
WITH own AS (
    INSERT INTO processes AS p (name, part, host, pid, version, lanes, kinds, ahead_seconds)
    VALUES (%(name)s, %(part)s, %(host)s, %(pid)s, %(version)s, %(lanes)s, %(kinds)s,
            CAST(%(clock)s AS double precision) - extract(epoch FROM clock_timestamp()))
    ON CONFLICT (name) DO UPDATE SET seen_at = clock_timestamp(), silent_at = NULL,
        ahead_seconds = excluded.ahead_seconds, steady_since = CASE
        WHEN p.seen_at < statement_timestamp() - make_interval(secs => %(silence)s) THEN clock_timestamp()
        ELSE p.steady_since END
), long_ago AS MATERIALIZED (SELECT statement_timestamp() - make_interval(secs => %(silence)s) AS at)
SELECT name FROM processes, long_ago
WHERE seen_at < long_ago.at
  AND coalesce(silent_at > statement_timestamp() - make_interval(secs => %(again)s), true)
  AND EXISTS (SELECT FROM processes AS before
              WHERE before.name = %(name)s AND before.seen_at >= long_ago.at AND before.steady_since <= long_ago.at)
