-- cancel: PENDING -> CANCELLED
-- A PROCESSING job is only asked: its worker sees it at the next checkpoint.
WITH job AS (
    UPDATE open_jobs
    SET status = CASE status WHEN 'PENDING' THEN 'CANCELLED' ELSE status END,
        completed_at = CASE status WHEN 'PENDING' THEN clock_timestamp() END,
        cancel_requested = (status = 'PROCESSING')
    WHERE id = %(id)s AND organization_id = %(organization_id)s AND status IN ('PENDING', 'PROCESSING')
    RETURNING id, status
), entry AS (
    DELETE FROM outbox WHERE job_id = ANY(ARRAY(SELECT id FROM job))
)
SELECT status FROM job
