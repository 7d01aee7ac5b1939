-- The newest events of an organization before a number and after another, of a type or of all that begin with `prefix`,
-- or the one of an id, newest first.
SELECT organization_id, sequence, id, type, created_at, CAST(data AS text) AS data FROM events
WHERE organization_id = %(organization_id)s AND sequence > %(after)s
  AND sequence < %(before)s
  AND (CAST(%(type)s AS text) IS NULL OR type = %(type)s) AND starts_with(type, %(prefix)s)
  AND (CAST(%(id)s AS uuid) IS NULL OR id = %(id)s)
ORDER BY sequence DESC LIMIT %(limit)s
