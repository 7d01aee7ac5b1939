-- retry: PROCESSING -> PENDING
-- A retried job travels alone from here on, so that what ails it cannot spoil a group.
WITH job AS (
    UPDATE open_jobs
    SET status = 'PENDING', error = CAST(%(errors)s AS jsonb) ->> CAST(id AS text), lease_token = NULL,
        lease_expires_at = NULL,
        available_at = clock_timestamp() + CASE WHEN cancel_requested THEN interval '0' ELSE make_interval(
            secs => CAST(CAST(%(delays)s AS jsonb) ->> CAST(id AS text) AS float)) END
    WHERE id = ANY(CAST(%(ids)s AS bigint[])) AND status = 'PROCESSING' AND lease_token = %(token)s
    RETURNING id, organization_id, kind, lane, priority, group_key, available_at, attempts, worker, error, started_at
), attempt AS (
    INSERT INTO job_attempts (job_id, attempt, outcome, worker, error, started_at)
    SELECT id, attempts, 'retried', worker, error, started_at FROM job
)
INSERT INTO outbox (job_id, organization_id, kind, lane, priority, group_key, due_at, group_limit)
SELECT id, organization_id, kind, lane, priority, group_key, available_at, 1 FROM job
ON CONFLICT (job_id) DO UPDATE SET due_at = excluded.due_at, published_at = NULL, group_limit = 1
RETURNING job_id
