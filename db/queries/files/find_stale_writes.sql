-- The organizations with writes that nobody kept in time, and with no job that waits to delete what they stored.
SELECT DISTINCT organization_id FROM file_writes AS write
WHERE stored_at < clock_timestamp() - make_interval(hours => %(hours)s) AND NOT EXISTS (
    SELECT FROM outbox WHERE lane = %(lane)s AND priority = %(priority)s
    AND outbox.organization_id = write.organization_id AND kind = %(kind)s)
LIMIT %(limit)s
