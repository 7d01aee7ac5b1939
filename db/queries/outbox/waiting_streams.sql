-- Find each stream (lane, priority, organization, kind) that has due entries by one index probe, however many these are.
-- `free` is how many jobs more the organization may have running; `in_flight` is how many jobs its lane has published.
-- A job in flight is counted if it was published after `published_since`; the result says when the first of them was.
-- A stream at a cursor is read from `since` on; all other streams are found in the gaps between the cursors.
WITH RECURSIVE cursor AS MATERIALIZED (
    SELECT lane, priority, organization_id, kind,
        -- what was known before the clock was put back hides nothing
        CASE WHEN since <= statement_timestamp() THEN since ELSE '-infinity' END AS since,
        lead(priority, 1, 32767) OVER lanes AS next_priority, lead(organization_id, 1, 0) OVER lanes AS next_one,
        lead(kind, 1, '') OVER lanes AS next_kind
    FROM unnest(CAST(%(lanes)s AS text[]), CAST(%(priorities)s AS integer[]), CAST(%(organization_ids)s AS bigint[]),
        CAST(%(kinds)s AS text[]), CAST(%(since)s AS timestamptz[])) AS c (lane, priority, organization_id, kind, since)
    WINDOW lanes AS (PARTITION BY lane ORDER BY priority, organization_id, kind)
), stream AS (
    SELECT lane, priority, organization_id, kind, first.due_at, next_priority, next_one, next_kind
    FROM cursor AS c LEFT JOIN LATERAL (
        SELECT due_at FROM outbox WHERE lane = c.lane AND priority = c.priority
            AND organization_id = c.organization_id AND kind = c.kind AND due_at >= since
        ORDER BY due_at LIMIT 1) AS first ON true
    UNION ALL
    SELECT following.*, next_priority, next_one, next_kind FROM stream AS s CROSS JOIN LATERAL (
        SELECT lane, priority, organization_id, kind, due_at FROM outbox
        WHERE lane = s.lane AND (priority, organization_id, kind) > (s.priority, s.organization_id, s.kind)
            AND (priority, organization_id, kind) < (next_priority, next_one, next_kind)
        ORDER BY priority, organization_id, kind, due_at LIMIT 1) AS following
), published AS MATERIALIZED (
    SELECT lane, organization_id, count(*) AS jobs, min(published_at) AS since FROM outbox
    WHERE published_at > CASE WHEN %(published_since)s <= statement_timestamp() THEN %(published_since)s ELSE '-infinity' END
      AND due_at > statement_timestamp()
    GROUP BY lane, organization_id
)
SELECT lane, priority, organization_id, kind, due_at, weight,
    CAST((SELECT coalesce(sum(jobs), 0) FROM published WHERE published.lane = stream.lane) AS integer) AS in_flight,
    CASE WHEN max_running IS NOT NULL THEN CAST(greatest(0, max_running
        - (SELECT coalesce(sum(jobs), 0) FROM published WHERE published.organization_id = organizations.id)
        - (SELECT count(*) FROM open_jobs WHERE open_jobs.organization_id = organizations.id AND lease_expires_at IS NOT NULL)
    ) AS integer) END AS free,
    coalesce((SELECT min(since) FROM published), statement_timestamp()) AS published_since
FROM stream JOIN organizations ON organizations.id = organization_id
WHERE due_at <= statement_timestamp()
  AND NOT EXISTS (SELECT FROM pauses WHERE (what, name) IN (('lane', lane), ('kind', kind)))
