-- The journal is up to these sources' versions; their rows are locked.
UPDATE accounting_sources SET entered_version = version
FROM unnest(CAST(%(types)s AS text[]), CAST(%(ids)s AS bigint[])) AS t (type, id)
WHERE source_type = t.type AND source_id = t.id
