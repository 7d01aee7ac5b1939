-- As lease_entries.sql, for kinds whose groups have one key: of the oldest 2,000 due entries of a turn, as many as travel
-- together of the key with the oldest of all, then as many of the next key, and so on in rounds.
WITH oldest AS (
    SELECT job_id, place, most, group_key, min(due_at) OVER of_key AS key_since,
        (row_number() OVER (of_key ORDER BY due_at, job_id) - 1) / size AS round
    FROM unnest((SELECT CAST(%(lanes)s AS text[])), CAST(%(priorities)s AS integer[]),
        CAST(%(organization_ids)s AS bigint[]), CAST(%(kinds)s AS text[]), CAST(%(since)s AS timestamptz[]),
        CAST(%(mosts)s AS integer[]), CAST(%(sizes)s AS integer[]))
        WITH ORDINALITY AS turn (lane, priority, organization_id, kind, since, most, size, place)
    CROSS JOIN LATERAL (
        SELECT job_id, group_key, due_at FROM outbox
        WHERE lane = turn.lane AND priority = turn.priority AND organization_id = turn.organization_id
          AND kind = turn.kind AND due_at >= since AND due_at <= statement_timestamp()
        ORDER BY due_at, job_id LIMIT 2000) AS entry
    WINDOW of_key AS (PARTITION BY place, group_key)
), chosen AS (
    SELECT job_id, most, row_number() OVER (PARTITION BY place ORDER BY round, key_since, group_key, job_id) AS number FROM oldest
), due AS (
    SELECT job_id FROM outbox WHERE job_id = ANY(ARRAY(SELECT job_id FROM chosen WHERE number <= most))
      AND due_at <= statement_timestamp() FOR UPDATE SKIP LOCKED
)
UPDATE outbox
SET published_at = clock_timestamp(), due_at = clock_timestamp() + make_interval(secs => %(redelivery)s)
WHERE job_id = ANY(ARRAY(SELECT job_id FROM due))
RETURNING job_id, organization_id, kind, lane, priority, group_key, group_limit
