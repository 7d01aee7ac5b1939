-- A run in which no delivery succeeded; return for how many days none has, and the last day of which its owner was warned.
UPDATE webhooks SET failures = failures + 1, failing_since = coalesce(failing_since, clock_timestamp()),
    paused_until = clock_timestamp() + make_interval(secs => CAST(%(pause)s AS double precision))
WHERE id = %(id)s
RETURNING url, failing_since, extract(epoch FROM clock_timestamp() - failing_since) / 86400 AS days, days_warned
