-- That they were read stays, or they would be read again.
UPDATE mailbox_mails SET subject = '', sender = '', message_id = '', reason = NULL, attachments = coalesce((
    SELECT jsonb_agg(one - 'name') FROM jsonb_array_elements(attachments) AS one), '[]')
WHERE organization_id = %(organization_id)s AND id = ANY(CAST(%(ids)s AS bigint[])) RETURNING id
