-- Forget how long jobs waited more than a week ago, a bounded number of rows at a time.
DELETE FROM wait_statistics WHERE (hour, worker, lane, organization_id) IN (
    SELECT hour, worker, lane, organization_id FROM wait_statistics
    WHERE hour < date_trunc('hour', clock_timestamp()) - interval '7 days'
    ORDER BY hour LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
RETURNING hour
