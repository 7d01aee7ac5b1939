-- The ids of so many deliveries, for the payloads of the jobs that will send them.
SELECT array_agg(nextval('deliveries_id_seq')) AS ids FROM generate_series(1, %(count)s)
