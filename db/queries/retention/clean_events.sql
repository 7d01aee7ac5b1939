-- Delete events past their retention that stand in the partition for the rest, a bounded number at a time.
DELETE FROM events_rest WHERE (organization_id, sequence) IN (
    SELECT organization_id, sequence FROM events_rest
    WHERE sequenced_at < statement_timestamp() - make_interval(days => %(days)s)
    ORDER BY organization_id, sequence LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING sequence
