-- requeue: FAILED -> PENDING
-- requeue: CANCELLED -> PENDING
-- Goes on where it stopped: progress stays. Of one unique key one at a time waits or runs: the first of `ids`, unless
-- there is one already.
WITH chosen AS (
    SELECT id, unique_key, row_number() OVER (PARTITION BY kind, unique_key ORDER BY id) AS place FROM open_jobs AS job
    WHERE id = ANY(CAST(%(ids)s AS bigint[])) AND organization_id = %(organization_id)s
      AND status IN ('FAILED', 'CANCELLED') AND NOT EXISTS (
          SELECT FROM open_jobs AS other WHERE other.organization_id = job.organization_id AND other.kind = job.kind
          AND other.unique_key = job.unique_key AND other.status IN ('PENDING', 'PROCESSING'))
), job AS (
    UPDATE open_jobs
    SET status = 'PENDING', attempts = 0, hand_backs = 0, error = NULL, cancel_requested = false, available_at = clock_timestamp(),
        started_at = NULL, completed_at = NULL, run_at = NULL
    WHERE id = ANY(ARRAY(SELECT id FROM chosen WHERE unique_key IS NULL OR place = 1)) AND status IN ('FAILED', 'CANCELLED')
    RETURNING id, organization_id, kind, lane, priority, group_key, available_at
), entry AS (
    INSERT INTO outbox (job_id, organization_id, kind, lane, priority, group_key, due_at, group_limit)
    SELECT id, organization_id, kind, lane, priority, group_key, available_at, 1 FROM job
    ON CONFLICT (job_id) DO UPDATE SET due_at = excluded.due_at, published_at = NULL, group_limit = 1
)
SELECT id, (SELECT pg_notify('outbox', '') FROM relay_state WHERE listening) AS woken FROM job ORDER BY id
