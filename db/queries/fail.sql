-- fail: PROCESSING -> FAILED
UPDATE jobs
SET status = 'FAILED', error = failed.error, lease_token = NULL, lease_expires_at = NULL,
    completed_at = clock_timestamp()
FROM unnest(CAST(:ids AS bigint[]), CAST(:errors AS text[])) AS failed (id, error)
WHERE jobs.id = failed.id AND status = 'PROCESSING' AND lease_token = :token
RETURNING jobs.id
