-- Delete deliveries past their events' retention, oldest first, a bounded number at a time.
DELETE FROM deliveries WHERE id IN (
    SELECT id FROM (SELECT id, created_at FROM deliveries ORDER BY id LIMIT %(limit)s) AS oldest
    WHERE created_at < statement_timestamp() - make_interval(days => %(days)s))
RETURNING id
