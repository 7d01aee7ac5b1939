-- The transactions of others in this database, the oldest first; then the sessions of which this role may see nothing.
SELECT pid, usename AS role, application_name AS application, state,
    CAST(extract(epoch FROM clock_timestamp() - xact_start) AS double precision) AS seconds
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND coalesce(backend_type, 'client backend') = 'client backend'
  AND (xact_start IS NOT NULL OR state IS NULL)
ORDER BY xact_start NULLS LAST
