-- The organizations that keys belong to, unless a key is revoked.
SELECT key_hash, k.id AS key_id, organization_id, operator, max_requests_per_second
FROM api_keys AS k JOIN organizations AS o ON o.id = organization_id
WHERE key_hash = ANY(%(hashes)s) AND revoked_at IS NULL
