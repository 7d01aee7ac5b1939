-- Delete mails past their retention, oldest first, a bounded number at a time.
DELETE FROM mails WHERE id = ANY(ARRAY(
    SELECT id FROM mails WHERE id <= (SELECT max(id) FROM (SELECT id FROM mails ORDER BY id LIMIT %(limit)s) AS oldest)
      AND created_at < statement_timestamp() - make_interval(days => %(days)s)
    ORDER BY id FOR UPDATE SKIP LOCKED))
RETURNING id
