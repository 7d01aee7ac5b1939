-- Two recreations of one document never run at once: the second waits here, in one order, so that none deadlock.
SELECT d.document_type, d.document_id, d.organization_id, d.version, d.entered_version
FROM unnest(CAST(%(organization_ids)s AS bigint[]), CAST(%(types)s AS text[]), CAST(%(ids)s AS bigint[]))
    AS t (organization_id, type, id)
JOIN accounting_documents AS d
    ON d.document_type = t.type AND d.document_id = t.id AND d.organization_id = t.organization_id
ORDER BY d.document_type, d.document_id FOR NO KEY UPDATE OF d
