-- What nobody kept in time can be kept no longer; what was given up before is given up again, as it may still be stored.
UPDATE file_writes SET given_up_at = coalesce(given_up_at, clock_timestamp())
WHERE id IN (SELECT id FROM file_writes WHERE organization_id = %(organization_id)s
    AND stored_at < clock_timestamp() - make_interval(hours => %(hours)s)
    ORDER BY stored_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING id, sha256
