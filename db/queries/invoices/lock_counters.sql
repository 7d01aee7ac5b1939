-- The date is read after the lock is won, so that dates follow numbers over midnight. The newest version of a counter
-- has its highest number: so the older ones, which stay while somebody holds a snapshot, are not passed over.
WITH counter AS MATERIALIZED (
    SELECT newest.* FROM unnest(CAST(%(supplier_ids)s AS bigint[])) AS wanted (id) CROSS JOIN LATERAL (
        SELECT supplier_id, prefix, digits, start_number, last_number, last_hash, stored_bytes, day, day_start
        FROM number_series
        WHERE supplier_id = wanted.id AND code = %(code)s ORDER BY last_number DESC LIMIT 1 FOR NO KEY UPDATE) AS newest
)
SELECT supplier_id, prefix, digits, start_number, last_number, last_hash, stored_bytes, day, day_start,
       (clock_timestamp() AT TIME ZONE 'UTC')::date AS today
FROM counter
