-- Who waits: each lane, priority, organization and kind that has due entries, found by one index probe however many
-- these are. `free` is how many jobs more the organization may have running; `out` is what the lane has published.
-- What was published is counted where it falls due again after `out_since`; the result has when the first of it does.
-- Edges are places whose entries are looked for from `since` on; all others are found in the gaps between them.
WITH RECURSIVE edge AS MATERIALIZED (
    SELECT *, lead(priority, 1, 32767) OVER lanes AS next_priority, lead(organization_id, 1, 0) OVER lanes AS next_one,
        lead(kind, 1, '') OVER lanes AS next_kind
    FROM unnest(CAST(%(lanes)s AS text[]), CAST(%(priorities)s AS integer[]), CAST(%(organization_ids)s AS bigint[]),
        CAST(%(kinds)s AS text[]), CAST(%(since)s AS timestamptz[])) AS e (lane, priority, organization_id, kind, since)
    WINDOW lanes AS (PARTITION BY lane ORDER BY priority, organization_id, kind)
), place AS (
    SELECT lane, priority, organization_id, kind, first.due_at, next_priority, next_one, next_kind
    FROM edge AS e LEFT JOIN LATERAL (
        SELECT due_at FROM outbox WHERE lane = e.lane AND priority = e.priority
            AND organization_id = e.organization_id AND kind = e.kind AND due_at >= since
        ORDER BY due_at LIMIT 1) AS first ON true
    UNION ALL
    SELECT head.*, next_priority, next_one, next_kind FROM place AS p CROSS JOIN LATERAL (
        SELECT lane, priority, organization_id, kind, due_at FROM outbox
        WHERE lane = p.lane AND (priority, organization_id, kind) > (p.priority, p.organization_id, p.kind)
            AND (priority, organization_id, kind) < (next_priority, next_one, next_kind)
        ORDER BY priority, organization_id, kind, due_at LIMIT 1) AS head
), published AS MATERIALIZED (
    SELECT lane, organization_id, count(*) AS jobs, min(due_at) AS due_at FROM outbox
    WHERE published_at IS NOT NULL AND due_at > greatest(statement_timestamp(), %(out_since)s)
    GROUP BY lane, organization_id
)
SELECT lane, priority, organization_id, kind, due_at, weight,
    CAST((SELECT coalesce(sum(jobs), 0) FROM published WHERE published.lane = place.lane) AS integer) AS out,
    CASE WHEN max_running IS NOT NULL THEN CAST(greatest(0, max_running
        - (SELECT coalesce(sum(jobs), 0) FROM published WHERE published.organization_id = organizations.id)
        - (SELECT count(*) FROM open_jobs WHERE open_jobs.organization_id = organizations.id AND lease_expires_at IS NOT NULL)
    ) AS integer) END AS free,
    (SELECT min(due_at) FROM published) AS out_since
FROM place JOIN organizations ON organizations.id = organization_id
WHERE due_at <= statement_timestamp()
  AND NOT EXISTS (SELECT FROM pauses WHERE (what, name) IN (('lane', lane), ('kind', kind)))
