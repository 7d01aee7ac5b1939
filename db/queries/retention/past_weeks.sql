-- The oldest week whose partition holds nothing but rows past their retention.
SELECT week FROM (
    SELECT to_date(substring(relname FROM '_(\d{4}_\d\d_\d\d)$'), 'YYYY_MM_DD') AS week
    FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid WHERE inhparent = CAST(%(parent)s AS regclass)
) AS made
WHERE week + 7 <= clock_timestamp() - make_interval(days => %(days)s)
ORDER BY week LIMIT 1
