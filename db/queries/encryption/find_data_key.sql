-- An organization's own.
SELECT id, wrapped, master_key_id FROM data_keys WHERE organization_id = %(organization_id)s AND client_id IS NULL
