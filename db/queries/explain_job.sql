-- What decides when a PENDING job starts; counts stop at 10,000, so that asking costs the same in any backlog.
SELECT clock_timestamp() AS now, e.due_at, e.published_at, e.alone,
    (SELECT count(*) FROM (
        SELECT FROM outbox AS o WHERE o.lane = e.lane AND o.priority > e.priority AND o.due_at <= statement_timestamp()
        LIMIT 10000) AS counted) AS higher,
    (SELECT count(*) FROM (
        SELECT FROM outbox AS o WHERE o.lane = e.lane AND o.priority = e.priority
            AND o.organization_id = e.organization_id AND o.kind = e.kind AND o.due_at <= statement_timestamp()
            AND (o.due_at, o.job_id) < (coalesce(e.published_at, e.due_at), e.job_id)
        LIMIT 10000) AS counted) AS own,
    (SELECT max(since) FROM pauses WHERE (what, name) IN (('lane', e.lane), ('kind', e.kind))) AS paused_since,
    (SELECT count(*) FROM open_jobs WHERE lease_expires_at IS NOT NULL AND lane = e.lane) AS running
FROM outbox AS e WHERE e.job_id = %(id)s
