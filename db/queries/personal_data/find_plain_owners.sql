-- The organizations with clients whose contact is not encrypted, of an installation that encrypts, and with no job that
-- waits to do it.
SELECT DISTINCT organization_id FROM clients
WHERE contact IS NULL AND personal_data_removed_at IS NULL AND EXISTS (SELECT FROM data_keys) AND NOT EXISTS (
    SELECT FROM outbox WHERE outbox.organization_id = clients.organization_id AND kind = %(kind)s)
LIMIT %(limit)s
