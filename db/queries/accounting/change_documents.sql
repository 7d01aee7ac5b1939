-- Give each document its next version, in one order, so that two who change the same ones never wait in a circle.
INSERT INTO accounting_documents AS d (document_type, document_id, organization_id)
SELECT DISTINCT type, id, CAST(%(organization_id)s AS bigint)
FROM unnest(CAST(%(types)s AS text[]), CAST(%(ids)s AS bigint[])) AS t (type, id)
ORDER BY type, id
ON CONFLICT (document_type, document_id) DO UPDATE SET version = d.version + 1
WHERE d.organization_id = excluded.organization_id
RETURNING document_type, document_id, version
