-- The entries stay, and count no longer. LATERAL makes each look by its index: a join would be planned by what is
-- known of a young table, and read all of it for each.
UPDATE journal_entries SET deleted_at = clock_timestamp()
FROM unnest(CAST(%(types)s AS text[]), CAST(%(ids)s AS bigint[])) AS t (type, id) CROSS JOIN LATERAL (
    SELECT id FROM journal_entries AS e
    WHERE e.source_type = t.type AND e.source_id = t.id AND e.deleted_at IS NULL OFFSET 0
) AS live
WHERE journal_entries.id = live.id AND deleted_at IS NULL
