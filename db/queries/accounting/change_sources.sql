-- Give each source its next version, in one order, so that two who change the same ones never wait in a circle.
INSERT INTO accounting_sources AS s (source_type, source_id, organization_id)
SELECT DISTINCT type, id, CAST(%(organization_id)s AS bigint)
FROM unnest(CAST(%(types)s AS text[]), CAST(%(ids)s AS bigint[])) AS t (type, id)
ORDER BY type, id
ON CONFLICT (source_type, source_id) DO UPDATE SET version = s.version + 1
WHERE s.organization_id = excluded.organization_id
RETURNING source_type, source_id, version
