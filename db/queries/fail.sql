-- fail: PROCESSING -> FAILED
WITH job AS (
    UPDATE jobs
    SET status = 'FAILED', error = failed.error, lease_token = NULL, lease_expires_at = NULL,
        completed_at = clock_timestamp()
    FROM unnest(CAST(%(ids)s AS bigint[]), CAST(%(errors)b AS text[])) AS failed (id, error)
    WHERE jobs.id = failed.id AND status = 'PROCESSING' AND lease_token = %(token)s
    RETURNING jobs.id, attempts, worker, failed.error, started_at
)
INSERT INTO job_attempts (job_id, attempt, outcome, worker, error, started_at)
SELECT id, attempts, 'failed', worker, error, started_at FROM job
RETURNING job_id
