-- Say that the process lives, and find those that are silent for too long: until their jobs were taken back, and some
-- seconds more, as a dying transaction may have locked a job.
-- None is found by a process that was silent itself: the database or the host was away, and the others were as well.
WITH own AS (
    INSERT INTO processes (name, part, host, pid, version, lanes, kinds)
    VALUES (%(name)s, %(part)s, %(host)s, %(pid)s, %(version)s, %(lanes)s, %(kinds)s)
    ON CONFLICT (name) DO UPDATE SET seen_at = clock_timestamp(), silent_at = NULL
)
SELECT name FROM processes
WHERE seen_at < statement_timestamp() - make_interval(secs => %(silence)s)
  AND coalesce(silent_at > statement_timestamp() - make_interval(secs => %(again)s), true)
  AND EXISTS (SELECT FROM processes AS before
              WHERE before.name = %(name)s AND before.seen_at >= statement_timestamp() - make_interval(secs => %(silence)s))
