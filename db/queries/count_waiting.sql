-- How many jobs wait, as the server's statistics have it: a second old, and free however many these are.
SELECT pg_stat_get_live_tuples(CAST('outbox' AS regclass)) AS jobs
