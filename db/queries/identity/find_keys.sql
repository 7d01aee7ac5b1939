-- The organizations that keys belong to, unless a key is revoked.
SELECT key_hash, organization_id, operator FROM api_keys WHERE key_hash = ANY(%(hashes)s) AND revoked_at IS NULL
