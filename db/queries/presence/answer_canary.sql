-- A worker has taken the canary of its lane.
UPDATE canaries SET answered_at = clock_timestamp(), unanswered_since = NULL, worker = %(worker)s WHERE lane = %(lane)s
