-- Waits for another transaction that makes the same organization's key; that one's is found afterwards.
INSERT INTO data_keys (organization_id, wrapped, master_key_id)
VALUES (%(organization_id)s, %(wrapped)s, %(master_key_id)s)
ON CONFLICT (organization_id) WHERE client_id IS NULL DO NOTHING
