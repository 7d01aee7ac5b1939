-- complete: PROCESSING -> COMPLETED
UPDATE jobs
SET status = 'COMPLETED', result = CAST(done.result AS jsonb), error = NULL,
    progress = total, lease_token = NULL, lease_expires_at = NULL, completed_at = clock_timestamp()
FROM unnest(CAST(%(ids)s AS bigint[]), CAST(%(results)b AS text[])) AS done (id, result)
WHERE jobs.id = done.id AND status = 'PROCESSING' AND lease_token = %(token)s
RETURNING jobs.id
