-- Forget answers past their retention, a bounded number at a time.
DELETE FROM idempotency_keys WHERE (organization_id, key) IN (
    SELECT organization_id, key FROM idempotency_keys
    WHERE created_at < statement_timestamp() - make_interval(hours => %(hours)s)
    ORDER BY created_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
RETURNING key
