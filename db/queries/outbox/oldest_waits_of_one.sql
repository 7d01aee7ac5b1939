-- The oldest wait of one organization in each lane: since when its first job has been due, or was to start. Scans from
-- one lane and priority to the next, and there from one kind of the organization to the next. Of its jobs that were sent
-- to a worker and are due again later, a thousand are looked at.
WITH RECURSIVE place AS (
    (SELECT lane, priority FROM outbox ORDER BY lane, priority LIMIT 1)
    UNION ALL
    SELECT following.* FROM place AS p CROSS JOIN LATERAL (
        SELECT lane, priority FROM outbox WHERE (lane, priority) > (p.lane, p.priority)
        ORDER BY lane, priority LIMIT 1) AS following
), stream AS (
    SELECT lane, priority, '' AS kind, CAST(0 AS bigint) AS job_id FROM place
    UNION ALL
    SELECT s.lane, s.priority, following.kind, following.job_id FROM stream AS s CROSS JOIN LATERAL (
        SELECT kind, job_id FROM outbox WHERE lane = s.lane AND priority = s.priority
            AND organization_id = %(organization_id)s AND kind > s.kind ORDER BY kind, due_at LIMIT 1) AS following
), sent AS (
    SELECT job_id FROM outbox WHERE published_at IS NOT NULL AND organization_id = %(organization_id)s LIMIT 1000
)
SELECT lane, min(available_at) AS since FROM open_jobs
WHERE id = ANY(ARRAY(SELECT job_id FROM stream UNION SELECT job_id FROM sent)) AND status = 'PENDING'
  AND available_at <= statement_timestamp()
GROUP BY lane ORDER BY lane
