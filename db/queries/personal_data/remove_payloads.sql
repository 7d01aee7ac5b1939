-- Of the requests that have become the client's invoices; those that were completed lately keep nothing personal anyway.
WITH job AS (
    UPDATE jobs SET payload = payload - CAST(%(fields)s AS text[])
    WHERE id = ANY(CAST(%(ids)s AS bigint[])) AND status = 'COMPLETED' AND payload ?| CAST(%(fields)s AS text[])
    RETURNING id
), attempt AS (
    DELETE FROM job_attempts WHERE job_id = ANY(CAST(%(ids)s AS bigint[]))
)
SELECT id FROM job
