-- Deliveries succeed again: nothing holds the others back.
UPDATE webhooks SET failing_since = NULL, failures = 0, days_warned = 0, paused_until = NULL,
    seconds_each = seconds_each * 0.7 + %(seconds_each)s * 0.3
WHERE id = %(id)s
