-- requeue: FAILED -> PENDING
-- requeue: CANCELLED -> PENDING
-- Goes on where it stopped: progress stays.
WITH job AS (
    UPDATE open_jobs
    SET status = 'PENDING', attempts = 0, hand_backs = 0, error = NULL, cancel_requested = false, available_at = clock_timestamp(),
        started_at = NULL, completed_at = NULL
    WHERE id = ANY(CAST(%(ids)s AS bigint[])) AND organization_id = %(organization_id)s
      AND status IN ('FAILED', 'CANCELLED')
    RETURNING id, organization_id, kind, lane, priority, group_key, available_at
), entry AS (
    INSERT INTO outbox (job_id, organization_id, kind, lane, priority, group_key, due_at, group_limit)
    SELECT id, organization_id, kind, lane, priority, group_key, available_at, 1 FROM job
    ON CONFLICT (job_id) DO UPDATE SET due_at = excluded.due_at, published_at = NULL, group_limit = 1
)
SELECT id, (SELECT pg_notify('outbox', '') FROM relay_state WHERE listening) AS woken FROM job ORDER BY id
