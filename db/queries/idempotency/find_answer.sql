-- A statement of its own: its snapshot has to be younger than the key's lock, or it misses the answer it waits for.
SELECT fingerprint, status_code, CAST(response AS text) AS response FROM idempotency_keys
WHERE organization_id = %(organization_id)s AND key = %(key)s
