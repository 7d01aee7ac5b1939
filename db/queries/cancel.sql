-- cancel: PENDING -> CANCELLED
WITH job AS (
    UPDATE jobs SET status = 'CANCELLED', completed_at = clock_timestamp()
    WHERE id = %(id)s AND organization_id = %(organization_id)s AND status = 'PENDING'
    RETURNING id
), entry AS (
    DELETE FROM outbox USING job WHERE job_id = job.id
)
SELECT id FROM job
