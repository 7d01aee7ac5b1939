-- The keys that open something, and whether one was idle for a minute.
SELECT key_hash, k.id AS key_id, k.name, organization_id, role, scopes, expires_at, max_requests_per_second,
    coalesce(last_used_at < clock_timestamp() - interval '1 minute', true)
        AND NOT CAST(current_setting('transaction_read_only') AS boolean) AS idle
FROM api_keys AS k JOIN organizations AS o ON o.id = organization_id
WHERE key_hash = ANY(%(hashes)s) AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp())
