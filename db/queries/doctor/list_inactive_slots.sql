-- The replication slots that nobody reads, and how many bytes of WAL the server keeps for each, the most first.
SELECT slot_name AS name, CAST(coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0) AS bigint) AS bytes
FROM pg_replication_slots WHERE NOT active ORDER BY bytes DESC
