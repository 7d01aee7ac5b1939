-- A sync that failed: the next one comes later each time, by half a day at the most. Return for how many days none has
-- succeeded, and the last day of which its owner was warned.
UPDATE mailboxes SET failures = failures + 1, last_error = %(error)s,
    failing_since = coalesce(failing_since, clock_timestamp()),
    next_sync_at = clock_timestamp()
        + least(make_interval(mins => every_minutes) * power(2, least(failures, 10)), interval '12 hours')
WHERE id = %(id)s
RETURNING failing_since, CAST(extract(epoch FROM clock_timestamp() - failing_since) / 86400 AS float) AS days, days_warned
