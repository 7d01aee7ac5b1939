-- Mails of a mailbox's epoch of which it is still owed to mark or move them on the server.
SELECT uid FROM mailbox_mails WHERE mailbox_id = %(mailbox_id)s AND epoch = %(epoch)s AND is_untidy
ORDER BY uid LIMIT %(limit)s
