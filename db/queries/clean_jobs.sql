-- Delete finished jobs past their retention, oldest first, a bounded number at a time; FAILED ones have their own.
DELETE FROM jobs WHERE id IN (
    SELECT id FROM jobs
    WHERE completed_at < clock_timestamp() - make_interval(days => least(%(days)s, %(failed_days)s))
      AND completed_at < clock_timestamp()
          - make_interval(days => CASE status WHEN 'FAILED' THEN %(failed_days)s ELSE %(days)s END)
    ORDER BY completed_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
RETURNING id
