-- Who waits: each lane, priority, organization and kind that has due entries, found by one index probe however many
-- these are. `free` is how many jobs more the organization may have running; `out` is what the lane has published.
WITH RECURSIVE place AS (
    (SELECT lane, priority, organization_id, kind, due_at FROM outbox
     ORDER BY lane, priority, organization_id, kind, due_at LIMIT 1)
    UNION ALL
    SELECT following.* FROM place CROSS JOIN LATERAL (
        SELECT lane, priority, organization_id, kind, due_at FROM outbox
        WHERE (lane, priority, organization_id, kind) > (place.lane, place.priority, place.organization_id, place.kind)
        ORDER BY lane, priority, organization_id, kind, due_at LIMIT 1
    ) AS following
), published AS MATERIALIZED (
    SELECT lane, organization_id, count(*) AS jobs FROM outbox
    WHERE published_at IS NOT NULL AND due_at > clock_timestamp() GROUP BY lane, organization_id
)
SELECT lane, priority, organization_id, kind, due_at, weight,
    CAST((SELECT coalesce(sum(jobs), 0) FROM published WHERE published.lane = place.lane) AS integer) AS out,
    CASE WHEN max_running IS NOT NULL THEN CAST(greatest(0, max_running
        - (SELECT coalesce(sum(jobs), 0) FROM published WHERE published.organization_id = organizations.id)
        - (SELECT count(*) FROM jobs WHERE jobs.organization_id = organizations.id AND lease_expires_at IS NOT NULL)
    ) AS integer) END AS free
FROM place JOIN organizations ON organizations.id = organization_id
WHERE due_at <= clock_timestamp() AND lane = ANY(CAST(%(lanes)s AS text[]))
  AND NOT EXISTS (SELECT FROM pauses WHERE (what, name) IN (('lane', lane), ('kind', kind)))
