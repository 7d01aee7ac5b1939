-- retry: PROCESSING -> PENDING
-- A retried job travels alone from here on, so that what ails it cannot spoil a group.
-- CASE hides how few jobs are held, for which the planner would read them all, once for each that is asked for.
WITH failed AS (
    SELECT * FROM unnest(CAST(%(ids)s AS bigint[]), CAST(%(errors)b AS text[]), CAST(%(delays)s AS float[]))
    AS t (id, error, delay)
), job AS (
    UPDATE jobs
    SET status = 'PENDING', error = failed.error, lease_token = NULL, lease_expires_at = NULL,
        available_at = clock_timestamp() + make_interval(secs => CASE WHEN cancel_requested THEN 0 ELSE failed.delay END)
    FROM failed
    WHERE jobs.id = failed.id AND CASE WHEN lease_token = %(token)s THEN status = 'PROCESSING' END
    RETURNING jobs.id, organization_id, kind, lane, priority, group_key, available_at,
        attempts, worker, failed.error, started_at
), attempt AS (
    INSERT INTO job_attempts (job_id, attempt, outcome, worker, error, started_at)
    SELECT id, attempts, 'retried', worker, error, started_at FROM job
)
INSERT INTO outbox (job_id, organization_id, kind, lane, priority, group_key, due_at, alone)
SELECT id, organization_id, kind, lane, priority, group_key, available_at, true FROM job
ON CONFLICT (job_id) DO UPDATE SET due_at = excluded.due_at, published_at = NULL, alone = true
RETURNING job_id
