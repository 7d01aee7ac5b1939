-- What waits, runs or has failed, and for how long the oldest of it: seconds since it was due, started, or ended.
WITH open AS (
    SELECT lane, kind, organization_id, 'pending' AS status, coalesce(published_at, due_at) AS since FROM outbox
    UNION ALL
    SELECT lane, kind, organization_id, 'processing', started_at FROM open_jobs WHERE lease_expires_at IS NOT NULL
    UNION ALL
    SELECT lane, kind, organization_id, 'failed', completed_at FROM open_jobs WHERE status = 'FAILED'
)
SELECT lane, kind, organization_id, status, count(*) AS jobs,
    CAST(greatest(0, extract(epoch FROM clock_timestamp() - min(since))) AS float) AS oldest_seconds
FROM open GROUP BY lane, kind, organization_id, status ORDER BY lane, kind, organization_id, status
