-- Delete ended jobs past their retention and their attempts, oldest first, a bounded number at a time; FAILED ones have
-- a retention of their own. Completed ones go with their week, unless it has no partition.
WITH past AS (
    SELECT id FROM open_jobs
    WHERE completed_at < statement_timestamp() - make_interval(days => least(%(days)s, %(failed_days)s))
      AND completed_at < statement_timestamp()
          - make_interval(days => CASE status WHEN 'FAILED' THEN %(failed_days)s ELSE %(days)s END)
    ORDER BY completed_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), past_rest AS (
    SELECT id FROM completed_jobs_rest WHERE completed_at < statement_timestamp() - make_interval(days => %(days)s)
    ORDER BY completed_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), attempt AS (
    DELETE FROM job_attempts WHERE job_id = ANY(ARRAY(SELECT id FROM past UNION ALL SELECT id FROM past_rest))
), ended AS (
    DELETE FROM open_jobs WHERE id = ANY(ARRAY(SELECT id FROM past)) RETURNING id
), completed AS (
    DELETE FROM completed_jobs_rest WHERE id = ANY(ARRAY(SELECT id FROM past_rest)) RETURNING id
)
SELECT id FROM ended UNION ALL SELECT id FROM completed
