-- The ids of so many deliveries, for the payloads of the jobs that will send them.
SELECT nextval(pg_get_serial_sequence('deliveries', 'id')) AS id FROM generate_series(1, %(count)s)
