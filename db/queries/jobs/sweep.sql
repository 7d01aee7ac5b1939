-- sweep: PROCESSING -> PENDING
-- sweep: PROCESSING -> FAILED
-- A dead worker's jobs of a kind go on in groups of its square root, then job by job: nobody knows whose fault it was.
WITH expired AS (
    SELECT id FROM open_jobs WHERE id = ANY(CAST(%(ids)s AS bigint[])) AND status = 'PROCESSING'
      AND (lease_expires_at <= statement_timestamp() OR worker = ANY(CAST(%(holders)s AS text[]))
           OR split_part(worker, '/', 1) = ANY(CAST(%(holders)s AS text[]))) FOR UPDATE SKIP LOCKED
), job AS (
    UPDATE open_jobs SET status = CASE WHEN attempts < max_attempts THEN 'PENDING' ELSE 'FAILED' END,
        error = %(error)s, lease_token = NULL, lease_expires_at = NULL,
        available_at = clock_timestamp(),
        completed_at = CASE WHEN attempts < max_attempts THEN NULL ELSE clock_timestamp() END
    WHERE id = ANY(ARRAY(SELECT id FROM expired))
    RETURNING id, organization_id, kind, lane, priority, group_key, available_at, status, attempts, max_attempts,
        worker, error, started_at
), attempt AS (
    INSERT INTO job_attempts (job_id, attempt, outcome, worker, error, started_at)
    SELECT id, attempts, 'swept', worker, error, started_at FROM job
), entry AS (
    INSERT INTO outbox (job_id, organization_id, kind, lane, priority, group_key, due_at, group_limit)
    SELECT id, organization_id, kind, lane, priority, group_key, available_at, CASE WHEN attempts = 1
        AND max_attempts > 2 THEN floor(sqrt(count(*) OVER (PARTITION BY worker, kind))) ELSE 1 END
    FROM job WHERE status = 'PENDING'
    ON CONFLICT (job_id) DO UPDATE SET due_at = excluded.due_at, published_at = NULL, group_limit = 1
) SELECT id, (SELECT pg_notify('outbox', '') FROM relay_state WHERE listening) AS woken FROM job
