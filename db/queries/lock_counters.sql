-- The date is read after the lock is won, so that dates follow numbers over midnight.
WITH counter AS MATERIALIZED (
    SELECT supplier_id, prefix, digits, start_number, last_number, last_hash FROM number_series
    WHERE supplier_id = ANY(CAST(%(supplier_ids)s AS bigint[])) AND code = %(code)s
    ORDER BY supplier_id FOR NO KEY UPDATE
)
SELECT supplier_id, prefix, digits, start_number, last_number, last_hash,
       (clock_timestamp() AT TIME ZONE 'UTC')::date AS today
FROM counter
