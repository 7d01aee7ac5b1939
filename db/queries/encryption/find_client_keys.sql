-- Not kept by anybody: once a client's is deleted, nothing opens what it encrypted.
SELECT client_id, id, wrapped, master_key_id FROM data_keys
WHERE organization_id = %(organization_id)s AND client_id = ANY(CAST(%(client_ids)s AS bigint[]))
