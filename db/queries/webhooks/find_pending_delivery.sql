-- A delivery of an event to a webhook that is on its way.
SELECT d.id FROM deliveries AS d JOIN open_jobs AS j ON j.id = d.job_id AND j.status IN ('PENDING', 'PROCESSING')
WHERE d.webhook_id = %(webhook_id)s AND d.sequence = %(sequence)s AND d.delivered_at IS NULL LIMIT 1
