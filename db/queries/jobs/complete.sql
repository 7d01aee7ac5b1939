-- complete: PROCESSING -> COMPLETED
-- As its status changes, the row moves from open_jobs to the week's partition of completed_jobs. What its payload says of
-- persons is forgotten.
UPDATE jobs
SET status = 'COMPLETED', result = CAST(%(results)s AS jsonb) -> CAST(id AS text), error = NULL,
    payload = payload - CAST(%(personal)s AS text[]), progress = total, lease_token = NULL, lease_expires_at = NULL, completed_at = clock_timestamp()
WHERE id = ANY(CAST(%(ids)s AS bigint[])) AND status = 'PROCESSING' AND lease_token = %(token)s
RETURNING id
