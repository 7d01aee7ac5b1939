-- Note that a canary is sent to each lane that got none within the period; return these lanes. Where nobody takes them
-- they would pile up in the broker.
INSERT INTO canaries AS c (lane)
SELECT lane FROM unnest(CAST(%(lanes)s AS text[])) AS wanted (lane)
WHERE EXISTS (SELECT FROM processes WHERE wanted.lane = ANY(processes.lanes) AND silent_at IS NULL) AND NOT EXISTS (
    SELECT FROM canaries AS last WHERE last.lane = wanted.lane
    AND sent_at BETWEEN clock_timestamp() - make_interval(secs => %(period)s) AND clock_timestamp())
ORDER BY lane
ON CONFLICT (lane) DO UPDATE
SET sent_at = clock_timestamp(), unanswered_since = coalesce(c.unanswered_since, clock_timestamp())
WHERE c.sent_at NOT BETWEEN clock_timestamp() - make_interval(secs => %(period)s) AND clock_timestamp()
RETURNING lane
