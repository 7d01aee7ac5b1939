-- How many jobs of one organization wait; counting stops at the most that may. Scans from one lane and priority to the next.
WITH RECURSIVE stream AS (
    (SELECT lane, priority FROM outbox ORDER BY lane, priority LIMIT 1)
    UNION ALL
    SELECT following.* FROM stream AS p CROSS JOIN LATERAL (
        SELECT lane, priority FROM outbox WHERE (lane, priority) > (p.lane, p.priority)
        ORDER BY lane, priority LIMIT 1) AS following
)
SELECT count(*) AS jobs FROM (
    SELECT FROM stream CROSS JOIN LATERAL (
        SELECT FROM outbox WHERE lane = stream.lane AND priority = stream.priority AND organization_id = %(organization_id)s
        LIMIT %(most)s) AS own
    LIMIT %(most)s
) AS counted
