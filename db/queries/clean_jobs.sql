-- Delete finished jobs past their retention, oldest first, a bounded number at a time.
DELETE FROM jobs WHERE id IN (
    SELECT id FROM jobs WHERE completed_at < clock_timestamp() - make_interval(days => %(days)s)
    ORDER BY completed_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
RETURNING id
