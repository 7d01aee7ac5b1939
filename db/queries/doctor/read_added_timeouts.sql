-- The timeouts that the server, the database or the role adds to those of our sessions; 0 for none.
SELECT name, CAST(setting AS bigint) AS ms FROM pg_settings WHERE name IN ('transaction_timeout', 'idle_session_timeout')
