-- Who waits: each lane, priority, organization and kind that has due entries, found by one index probe however many
-- these are. `free` is how many jobs more the organization may have running; `out` is what the lane has published.
WITH RECURSIVE place AS (
    SELECT head.* FROM unnest(CAST(%(lanes)s AS text[])) AS wanted (name) CROSS JOIN LATERAL (
        SELECT lane, priority, organization_id, kind, due_at FROM outbox WHERE lane = wanted.name
        ORDER BY priority, organization_id, kind, due_at LIMIT 1) AS head
    UNION ALL
    SELECT head.* FROM place AS p CROSS JOIN LATERAL (
        SELECT lane, priority, organization_id, kind, due_at FROM outbox
        WHERE lane = p.lane AND (priority, organization_id, kind) > (p.priority, p.organization_id, p.kind)
        ORDER BY priority, organization_id, kind, due_at LIMIT 1) AS head
), published AS MATERIALIZED (
    SELECT lane, organization_id, count(*) AS jobs FROM outbox
    WHERE published_at IS NOT NULL AND due_at > clock_timestamp() GROUP BY lane, organization_id
)
SELECT lane, priority, organization_id, kind, due_at, weight,
    CAST((SELECT coalesce(sum(jobs), 0) FROM published WHERE published.lane = place.lane) AS integer) AS out,
    CASE WHEN max_running IS NOT NULL THEN CAST(greatest(0, max_running
        - (SELECT coalesce(sum(jobs), 0) FROM published WHERE published.organization_id = organizations.id)
        - (SELECT count(*) FROM open_jobs WHERE open_jobs.organization_id = organizations.id AND lease_expires_at IS NOT NULL)
    ) AS integer) END AS free
FROM place JOIN organizations ON organizations.id = organization_id
WHERE due_at <= clock_timestamp()
  AND NOT EXISTS (SELECT FROM pauses WHERE (what, name) IN (('lane', lane), ('kind', kind)))
