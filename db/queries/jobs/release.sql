-- release: PROCESSING -> PENDING
-- The attempt is handed back: what stopped the worker was none of the job's doing. No more than `company` jobs travel
-- together from here on; as many as the kind allows if it is NULL.
WITH job AS (
    UPDATE open_jobs
    SET status = 'PENDING', attempts = attempts - 1, lease_token = NULL, lease_expires_at = NULL,
        available_at = clock_timestamp() + make_interval(secs => %(delay)s)
    WHERE id = ANY(CAST(%(ids)s AS bigint[])) AND status = 'PROCESSING' AND lease_token = %(token)s
    RETURNING id, organization_id, kind, lane, priority, group_key, available_at
)
INSERT INTO outbox (job_id, organization_id, kind, lane, priority, group_key, due_at, alone, company)
SELECT id, organization_id, kind, lane, priority, group_key, available_at,
    CAST(%(company)s AS integer) IS NOT NULL, coalesce(CAST(%(company)s AS integer), 1)
FROM job
ON CONFLICT (job_id) DO UPDATE
SET due_at = excluded.due_at, published_at = NULL, alone = excluded.alone, company = excluded.company
RETURNING job_id
