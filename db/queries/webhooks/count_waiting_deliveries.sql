-- How many of a webhook's latest deliveries are still on their way.
SELECT count(*) FROM (
    SELECT job_id, delivered_at FROM deliveries WHERE webhook_id = %(webhook_id)s ORDER BY id DESC LIMIT %(limit)s
) AS latest JOIN open_jobs ON open_jobs.id = job_id AND status IN ('PENDING', 'PROCESSING') WHERE delivered_at IS NULL
