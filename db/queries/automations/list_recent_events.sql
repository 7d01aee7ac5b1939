-- The newest events of an organization after a number, of a type, or the one of an id, newest first.
SELECT organization_id, sequence, id, type, created_at, CAST(data AS text) AS data FROM events
WHERE organization_id = %(organization_id)s AND sequence > %(after)s
  AND (CAST(%(type)s AS text) IS NULL OR type = %(type)s) AND (CAST(%(id)s AS uuid) IS NULL OR id = %(id)s)
ORDER BY sequence DESC LIMIT %(limit)s
