INSERT INTO idempotency_keys (organization_id, key, fingerprint, status_code, response)
VALUES (%(organization_id)s, %(key)s, %(fingerprint)s, %(status_code)s, CAST(%(response)s AS jsonb))
