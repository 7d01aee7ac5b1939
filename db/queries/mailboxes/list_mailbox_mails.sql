-- The mails that were read in a mailbox, the last one first.
SELECT id, uid, uid_validity, message_id, subject, sender, date, size, outcome, reason, attachments, created_at
FROM mailbox_mails
WHERE organization_id = %(organization_id)s AND mailbox_id = %(mailbox_id)s
  AND (CAST(%(outcome)s AS text) IS NULL OR outcome = %(outcome)s)
  AND (CAST(%(before)s AS bigint) IS NULL OR id < %(before)s)
ORDER BY id DESC LIMIT %(limit)s
