-- Delete slots past their retention, a bounded number at a time; a schedule knows its last one itself.
DELETE FROM schedule_slots WHERE (schedule_id, slot) IN (
    SELECT schedule_id, slot FROM schedule_slots
    WHERE created_at < statement_timestamp() - make_interval(days => %(days)s)
    ORDER BY created_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING slot
