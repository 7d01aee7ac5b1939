-- By how many seconds the clock was put back; nothing if another transaction realigns what waits already.
SELECT CAST(extract(epoch FROM clock_seen - clock_timestamp()) AS float) AS behind FROM relay_state
WHERE pg_try_advisory_xact_lock(4270333)
