-- Delete deliveries past their events' retention, oldest first, a bounded number at a time.
DELETE FROM deliveries WHERE id = ANY(ARRAY(
    SELECT id FROM deliveries WHERE id <= (SELECT max(id) FROM (SELECT id FROM deliveries ORDER BY id LIMIT %(limit)s) AS oldest)
      AND created_at < statement_timestamp() - make_interval(days => %(days)s)
    ORDER BY id FOR UPDATE SKIP LOCKED))
RETURNING id
