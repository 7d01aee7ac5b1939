-- The events of an organization after a number, of a type or of all that begin with `prefix`, oldest first.
SELECT organization_id, sequence, id, type, created_at, CAST(data AS text) AS data FROM events
WHERE organization_id = %(organization_id)s AND sequence > %(after)s
  AND (CAST(%(type)s AS text) IS NULL OR type = %(type)s) AND starts_with(type, %(prefix)s)
ORDER BY sequence LIMIT %(limit)s
