-- complete: PROCESSING -> COMPLETED
-- CASE hides how few jobs are held, for which the planner would read them all, once for each that is asked for.
UPDATE jobs
SET status = 'COMPLETED', result = CAST(done.result AS jsonb), error = NULL,
    progress = total, lease_token = NULL, lease_expires_at = NULL, completed_at = clock_timestamp()
FROM unnest(CAST(%(ids)s AS bigint[]), CAST(%(results)b AS text[])) AS done (id, result)
WHERE jobs.id = done.id AND CASE WHEN lease_token = %(token)s THEN status = 'PROCESSING' END
RETURNING jobs.id
