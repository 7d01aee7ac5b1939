-- How many deliveries of a webhook are not done, up to a limit.
SELECT count(*) FROM (
    SELECT FROM deliveries WHERE webhook_id = %(webhook_id)s AND delivered_at IS NULL LIMIT %(limit)s) AS undelivered
