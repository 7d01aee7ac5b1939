-- How many of a webhook's latest deliveries are still on their way.
SELECT count(*) FROM (
    SELECT job_id FROM deliveries WHERE webhook_id = %(webhook_id)s AND delivered_at IS NULL ORDER BY id DESC LIMIT %(limit)s
) AS latest JOIN open_jobs ON open_jobs.id = job_id AND status IN ('PENDING', 'PROCESSING')
