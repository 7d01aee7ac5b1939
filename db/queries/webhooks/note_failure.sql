-- A run in which no delivery succeeded; return for how many days none has, and the last day of which its owner was warned.
-- A quiet day ends it, pauses apart: what failed before that says nothing of now.
WITH before AS (
    SELECT id, failing_since IS NOT NULL
        AND greatest(last_failed_at, paused_until) > clock_timestamp() - interval '1 day' AS goes_on
    FROM webhooks WHERE id = %(id)s
)
UPDATE webhooks AS w SET failures = failures + CASE WHEN %(pause)s > 0 THEN 1 ELSE 0 END, last_failed_at = clock_timestamp(),
    failing_since = CASE WHEN goes_on THEN failing_since ELSE clock_timestamp() END,
    days_warned = CASE WHEN goes_on THEN days_warned ELSE 0 END,
    paused_until = clock_timestamp() + make_interval(secs => CAST(%(pause)s AS double precision))
FROM before WHERE w.id = before.id
RETURNING failing_since, extract(epoch FROM clock_timestamp() - failing_since) / 86400 AS days, days_warned
