-- The organizations with pending events that no waiting job is to number.
SELECT DISTINCT organization_id FROM pending_events AS pending
WHERE created_at < statement_timestamp() - make_interval(secs => %(age)s) AND NOT EXISTS (
    SELECT FROM outbox WHERE lane = %(lane)s AND priority = %(priority)s
    AND outbox.organization_id = pending.organization_id AND kind = %(kind)s)
