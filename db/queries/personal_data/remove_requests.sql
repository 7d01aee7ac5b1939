-- Failed and cancelled requests go with their attempts; none of them has an outbox entry.
WITH attempt AS (
    DELETE FROM job_attempts WHERE job_id = ANY(CAST(%(ids)s AS bigint[]))
)
DELETE FROM open_jobs WHERE id = ANY(CAST(%(ids)s AS bigint[])) AND status IN ('FAILED', 'CANCELLED') RETURNING id
