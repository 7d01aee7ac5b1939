-- Deliveries succeed again: nothing holds the others back, unless the receiver asks for a pause.
UPDATE webhooks SET awaited = false, failing_since = NULL, last_failed_at = NULL, failures = 0, days_warned = 0,
    paused_until = clock_timestamp() + make_interval(secs => nullif(CAST(%(pause)s AS double precision), 0)),
    pace = pace * 0.7 + make_interval(secs => CAST(%(seconds_each)s AS double precision)) * 0.3
WHERE id = %(id)s
