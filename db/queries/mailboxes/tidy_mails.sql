-- Mails that were marked or moved on the server, or never will be.
UPDATE mailbox_mails SET is_untidy = false
WHERE mailbox_id = %(mailbox_id)s AND epoch = %(epoch)s AND is_untidy
  AND (CAST(%(uids)s AS bigint[]) IS NULL OR uid = ANY(CAST(%(uids)s AS bigint[])))
