-- The server's process behind this session, and whether it is reached without a network.
SELECT pg_backend_pid() AS pid, coalesce(inet_server_addr() <<= '127.0.0.0/8' OR inet_server_addr() = '::1', true) AS on_loopback
