-- Whoever sends an event or a range of them again to a webhook has its turn. Not its row: deliveries to it are recorded meanwhile.
SELECT pg_advisory_xact_lock(4270334, CAST(%(webhook_id)s %% 2147483647 AS integer))
