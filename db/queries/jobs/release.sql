-- release: PROCESSING -> PENDING
-- The attempt is handed back: what stopped the worker was none of the job's doing. From here on a group of it has
-- `group_limit` jobs at the most; as many as the kind allows if it is NULL. If it has `lost` its connection, that is
-- counted, and the delay doubles each time.
WITH job AS (
    UPDATE open_jobs
    SET status = 'PENDING', attempts = attempts - 1, lease_token = NULL, lease_expires_at = NULL,
        available_at = clock_timestamp() + make_interval(
            secs => %(delay)s * CASE WHEN %(lost)s THEN power(2, least(hand_backs, 8)) ELSE 1 END),
        hand_backs = hand_backs + CASE WHEN %(lost)s THEN 1 ELSE 0 END
    WHERE id = ANY(CAST(%(ids)s AS bigint[])) AND status = 'PROCESSING' AND lease_token = %(token)s
    RETURNING id, organization_id, kind, lane, priority, group_key, available_at
)
INSERT INTO outbox (job_id, organization_id, kind, lane, priority, group_key, due_at, group_limit)
SELECT id, organization_id, kind, lane, priority, group_key, available_at,
    CAST(%(group_limit)s AS integer)
FROM job
ON CONFLICT (job_id) DO UPDATE
SET due_at = excluded.due_at, published_at = NULL, group_limit = excluded.group_limit
RETURNING job_id
