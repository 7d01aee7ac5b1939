-- Forget the text of bills that were rejected, past its retention, a bounded number at a time.
UPDATE bills SET reading = NULL WHERE id = ANY(ARRAY(
    SELECT id FROM bills WHERE status = 'rejected' AND reading IS NOT NULL
      AND decided_at < statement_timestamp() - make_interval(days => %(days)s)
    ORDER BY decided_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
RETURNING id
