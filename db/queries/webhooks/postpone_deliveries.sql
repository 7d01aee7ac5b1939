-- Leave a webhook's deliveries that wait until its pause is over, up to 10,000 at once: each would be claimed only to be
-- put back.
UPDATE outbox SET due_at = clock_timestamp() + make_interval(secs => %(pause)s) WHERE job_id = ANY(ARRAY(
    SELECT job_id FROM outbox
    WHERE lane = %(lane)s AND priority = %(priority)s AND organization_id = %(organization_id)s AND kind = %(kind)s
      AND group_key = %(group_key)s AND published_at IS NULL AND due_at < clock_timestamp() + make_interval(secs => %(pause)s)
    ORDER BY due_at LIMIT 10000 FOR UPDATE SKIP LOCKED))
