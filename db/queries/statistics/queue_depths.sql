-- Count the jobs that wait, run or have failed; age of the oldest in seconds since it was due, started, or ended.
-- Waiting jobs are counted stream by stream, each up to a limit, so that the cost does not depend on the backlog.
WITH RECURSIVE stream AS (
    (SELECT lane, priority, organization_id, kind, due_at FROM outbox
     ORDER BY lane, priority, organization_id, kind, due_at LIMIT 1)
    UNION ALL SELECT next.* FROM stream AS p CROSS JOIN LATERAL (
        SELECT lane, priority, organization_id, kind, due_at FROM outbox
        WHERE (lane, priority, organization_id, kind) > (p.lane, p.priority, p.organization_id, p.kind)
        ORDER BY lane, priority, organization_id, kind, due_at LIMIT 1) AS next
), open AS (
    SELECT lane, kind, organization_id, 'pending' AS status, due_at AS since, (SELECT count(*) FROM (
        SELECT FROM outbox AS o WHERE o.lane = p.lane AND o.priority = p.priority
            AND o.organization_id = p.organization_id AND o.kind = p.kind LIMIT %(most)s) AS counted) AS jobs
    FROM stream AS p
    UNION ALL  -- counted above; an entry that was published is due again in the future
    SELECT lane, kind, organization_id, 'pending', published_at, 0 FROM outbox WHERE published_at IS NOT NULL
    UNION ALL
    SELECT lane, kind, organization_id, 'processing', started_at, 1 FROM open_jobs WHERE lease_expires_at IS NOT NULL
    UNION ALL
    SELECT lane, kind, organization_id, 'failed', min(completed_at), count(*) FROM open_jobs WHERE status = 'FAILED'
    GROUP BY lane, kind, organization_id
)
SELECT lane, kind, organization_id, status, CAST(sum(jobs) AS bigint) AS jobs,
    CAST(greatest(0, extract(epoch FROM clock_timestamp() - min(since))) AS float) AS oldest_seconds
FROM open GROUP BY lane, kind, organization_id, status ORDER BY lane, kind, organization_id, status
