-- The webhooks to which deliveries go, locked in order: two runs that both want one take turns to see which has it.
SELECT id, url, awaited FROM webhooks WHERE id = ANY(ARRAY(
    SELECT webhook_id FROM deliveries WHERE id = ANY(CAST(%(ids)s AS bigint[]))))
ORDER BY id FOR NO KEY UPDATE
