-- The organization that a key belongs to, unless the key is revoked.
SELECT organization_id, operator FROM api_keys WHERE key_hash = %(key_hash)s AND revoked_at IS NULL
