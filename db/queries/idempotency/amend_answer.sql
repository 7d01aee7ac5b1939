UPDATE idempotency_keys SET response = CAST(%(response)s AS jsonb), status_code = %(status_code)s
WHERE organization_id = %(organization_id)s AND key = %(key)s
