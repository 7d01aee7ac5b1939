-- Deliveries succeed again: nothing holds the others back.
UPDATE webhooks SET failing_since = NULL, failures = 0, days_warned = 0, paused_until = NULL,
    pace = pace * 0.7 + make_interval(secs => CAST(%(seconds_each)s AS double precision)) * 0.3
WHERE id = %(id)s
