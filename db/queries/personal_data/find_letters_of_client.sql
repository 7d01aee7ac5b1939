-- The mails that came from the client's address to a mailbox.
SELECT id, subject, sender, date, attachments FROM mailbox_mails
WHERE organization_id = %(organization_id)s AND position(CAST(%(email)s AS text) IN lower(sender)) > 0 ORDER BY id
