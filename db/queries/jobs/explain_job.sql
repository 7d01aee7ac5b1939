-- Find the facts that decide when a PENDING job starts; counts stop at 10,000, so that asking costs the same in any backlog.
-- Streams are what waits in its lane, each from its first due entry on.
WITH stream AS (
    SELECT * FROM unnest(CAST(%(lanes)s AS text[]), CAST(%(priorities)s AS integer[]),
        CAST(%(organization_ids)s AS bigint[]), CAST(%(kinds)s AS text[]), CAST(%(since)s AS timestamptz[]))
        AS p (lane, priority, organization_id, kind, since)
)
SELECT clock_timestamp() AS now, e.due_at, e.published_at,
    (SELECT count(*) FROM (
        SELECT FROM stream AS p CROSS JOIN LATERAL (
            SELECT FROM outbox AS o WHERE o.lane = p.lane AND o.priority = p.priority
                AND o.organization_id = p.organization_id AND o.kind = p.kind
                AND o.due_at BETWEEN p.since AND statement_timestamp() LIMIT 10000) AS one
        WHERE p.priority > e.priority AND (p.organization_id = e.organization_id OR p.priority > %(max_own)s) LIMIT 10000) AS counted) AS higher,
    (SELECT count(*) FROM (
        SELECT FROM stream AS p CROSS JOIN LATERAL (
            SELECT FROM outbox AS o WHERE o.lane = p.lane AND o.priority = p.priority
                AND o.organization_id = p.organization_id AND o.kind = p.kind
                AND o.due_at BETWEEN p.since AND statement_timestamp()
                AND (o.due_at, o.job_id) < (coalesce(e.published_at, e.due_at), e.job_id) LIMIT 10000) AS one
        WHERE (p.priority, p.organization_id, p.kind) = (e.priority, e.organization_id, e.kind)) AS counted) AS own,
    (SELECT max(since) FROM pauses WHERE (what, name) IN (('lane', e.lane), ('kind', e.kind))) AS paused_since,
    count_running(e.lane) AS running,
    CAST(extract(epoch FROM clock_timestamp() - r.reported_at) AS float) AS relay_silent_s, r.reaches_broker
FROM outbox AS e CROSS JOIN relay_state AS r WHERE e.job_id = %(id)s
