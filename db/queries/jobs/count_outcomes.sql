-- What has become of jobs since another one, which has them tried again, was made: an attempt that failed leaves its error.
SELECT count(*) FILTER (WHERE j.status = 'COMPLETED') AS completed,
    count(*) FILTER (WHERE CASE j.status WHEN 'FAILED' THEN j.completed_at > r.created_at
                           ELSE j.status IN ('PENDING', 'PROCESSING') AND j.error IS NOT NULL END) AS failed,
    count(*) FILTER (WHERE j.status IN ('PENDING', 'PROCESSING') AND j.error IS NULL) AS under_way
FROM jobs AS j CROSS JOIN open_jobs AS r WHERE j.id = ANY(CAST(%(ids)s AS bigint[])) AND r.id = %(retry_id)s
