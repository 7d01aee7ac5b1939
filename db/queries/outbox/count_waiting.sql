-- How many jobs wait, as the server's statistics have it: some seconds old, nothing after a crash until the table is
-- vacuumed, and free however many these are.
SELECT pg_stat_get_live_tuples(CAST('outbox' AS regclass)) AS jobs
