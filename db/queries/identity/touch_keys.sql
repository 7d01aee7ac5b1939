-- That keys were used, to the minute: what another transaction is about to write is left to it.
UPDATE api_keys SET last_used_at = clock_timestamp()
WHERE id IN (SELECT id FROM api_keys WHERE id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)
