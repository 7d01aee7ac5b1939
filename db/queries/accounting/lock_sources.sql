-- Two recreations of one source never run at once: the second waits here, in one order, so that none deadlock.
SELECT s.source_type, s.source_id, s.organization_id, s.version, s.entered_version
FROM unnest(CAST(%(organization_ids)s AS bigint[]), CAST(%(types)s AS text[]), CAST(%(ids)s AS bigint[]))
    AS t (organization_id, type, id)
JOIN accounting_sources AS s
    ON s.source_type = t.type AND s.source_id = t.id AND s.organization_id = t.organization_id
ORDER BY s.source_type, s.source_id FOR NO KEY UPDATE OF s
