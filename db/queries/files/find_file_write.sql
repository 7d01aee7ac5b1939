-- The last write of the same bytes that nobody has kept, and that is given up in some hours at the earliest.
SELECT id FROM file_writes
WHERE organization_id = %(organization_id)s AND sha256 = %(sha256)s AND given_up_at IS NULL
  AND stored_at > clock_timestamp() - interval '12 hours'
ORDER BY id DESC LIMIT 1
