-- The journal is up to these documents' versions; their rows are locked.
UPDATE accounting_documents SET entered_version = version
FROM unnest(CAST(%(types)s AS text[]), CAST(%(ids)s AS bigint[])) AS t (type, id)
WHERE document_type = t.type AND document_id = t.id
