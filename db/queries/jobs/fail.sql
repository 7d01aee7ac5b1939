-- fail: PROCESSING -> FAILED
WITH job AS (
    UPDATE open_jobs
    SET status = 'FAILED', error = CAST(%(errors)s AS jsonb) ->> CAST(id AS text), lease_token = NULL, lease_expires_at = NULL,
        completed_at = clock_timestamp()
    WHERE id = ANY(CAST(%(ids)s AS bigint[])) AND status = 'PROCESSING' AND lease_token = %(token)s
    RETURNING id, attempts, worker, error, started_at
)
INSERT INTO job_attempts (job_id, attempt, outcome, worker, error, started_at)
SELECT id, attempts, 'failed', worker, error, started_at FROM job
RETURNING job_id
