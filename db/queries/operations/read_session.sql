-- What this session's settings are and ought to be, and the server's process behind it.
SELECT name, current_setting(name) AS found, set_config(name, wanted, true) AS wanted, pg_backend_pid() AS pid
FROM unnest(CAST(%(names)s AS text[]), CAST(%(wanted)s AS text[])) AS asked (name, wanted)
