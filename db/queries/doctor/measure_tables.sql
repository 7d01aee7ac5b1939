-- Each table's rows by the server's statistics, the size of its file, and what its live rows need: each with a header of 28 bytes.
-- Of a table that was never analyzed, or whose columns this role may not read, nobody knows the last.
SELECT relname AS name, n_live_tup AS live, n_dead_tup AS dead, pg_relation_size(relid) AS bytes,
    coalesce(CAST(n_live_tup * (28 + width) AS double precision), 'infinity') AS needed
FROM pg_stat_user_tables LEFT JOIN LATERAL (
    SELECT sum(avg_width) AS width FROM pg_stats
    WHERE pg_stats.schemaname = pg_stat_user_tables.schemaname AND tablename = relname AND NOT inherited
) AS columns ON true
WHERE pg_stat_user_tables.schemaname = current_schema()
