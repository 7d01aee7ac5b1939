DELETE FROM file_writes
WHERE organization_id = %(organization_id)s AND id = ANY(CAST(%(ids)s AS bigint[])) AND given_up_at IS NOT NULL
