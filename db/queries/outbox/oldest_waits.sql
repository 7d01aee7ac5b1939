-- The oldest wait in each lane, of all organizations: since when its first job has been due, or was to start. The first
-- entry of each stream is found by one index probe; of the jobs that were sent to a worker a thousand are looked at.
WITH RECURSIVE stream AS (
    (SELECT lane, priority, organization_id, kind, job_id FROM outbox
     ORDER BY lane, priority, organization_id, kind, due_at LIMIT 1)
    UNION ALL
    SELECT following.* FROM stream AS s CROSS JOIN LATERAL (
        SELECT lane, priority, organization_id, kind, job_id FROM outbox
        WHERE (lane, priority, organization_id, kind) > (s.lane, s.priority, s.organization_id, s.kind)
        ORDER BY lane, priority, organization_id, kind, due_at LIMIT 1) AS following
), sent AS (
    SELECT job_id FROM outbox WHERE published_at IS NOT NULL LIMIT 1000
)
SELECT lane, min(available_at) AS since FROM open_jobs
WHERE id = ANY(ARRAY(SELECT job_id FROM stream UNION SELECT job_id FROM sent)) AND status = 'PENDING'
  AND available_at <= statement_timestamp()
GROUP BY lane ORDER BY lane
