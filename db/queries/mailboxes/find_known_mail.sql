-- The mail of a mailbox that is the same as another one, by its Message-ID and body, and of which bills came.
SELECT id FROM mailbox_mails
WHERE mailbox_id = %(mailbox_id)s AND hash = %(hash)s AND outcome = 'imported' ORDER BY id LIMIT 1
