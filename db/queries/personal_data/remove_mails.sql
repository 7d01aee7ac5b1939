DELETE FROM mails WHERE organization_id = %(organization_id)s AND id = ANY(CAST(%(ids)s AS bigint[])) RETURNING id
