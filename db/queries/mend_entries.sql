-- A PENDING job has one outbox entry and no other job has one; put right what a stale snapshot or a hand left otherwise.
WITH orphan AS (
    DELETE FROM outbox USING jobs WHERE jobs.id = job_id AND status <> 'PENDING'
    RETURNING job_id
), missing AS (
    INSERT INTO outbox (job_id, organization_id, kind, lane, priority, group_key, due_at)
    SELECT id, organization_id, kind, lane, priority, group_key, available_at FROM jobs
    WHERE status = 'PENDING' AND NOT EXISTS (SELECT FROM outbox WHERE job_id = jobs.id)
    ON CONFLICT DO NOTHING
    RETURNING job_id
)
SELECT job_id FROM orphan UNION ALL SELECT job_id FROM missing
