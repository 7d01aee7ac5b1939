-- Empty what mails said that were read in mailboxes, past its retention, a bounded number at a time: that they were read
-- stays.
UPDATE mailbox_mails SET subject = '', sender = '', message_id = '', reason = NULL, attachments = coalesce((
    SELECT jsonb_agg(one - 'name') FROM jsonb_array_elements(attachments) AS one), '[]')
WHERE id = ANY(ARRAY(
    SELECT id FROM mailbox_mails WHERE created_at < statement_timestamp() - make_interval(days => %(days)s)
      AND (sender <> '' OR subject <> '')
    ORDER BY created_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
RETURNING id
