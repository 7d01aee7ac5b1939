-- Give a PENDING job that somebody's hand left without an outbox entry a new one.
INSERT INTO outbox (job_id, kind, lane, priority, group_key, due_at)
SELECT id, kind, lane, priority, group_key, available_at FROM jobs
WHERE status = 'PENDING' AND NOT EXISTS (SELECT FROM outbox WHERE job_id = jobs.id)
ON CONFLICT DO NOTHING
RETURNING job_id
