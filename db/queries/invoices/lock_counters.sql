-- The date is read after the lock is won, so that dates follow numbers over midnight. The newest version of a counter
-- has its highest number: so the older ones, which stay while somebody holds a snapshot, are not passed over.
WITH counter AS MATERIALIZED (
    SELECT newest.* FROM unnest(CAST(%(supplier_ids)s AS bigint[]), CAST(%(codes)s AS text[])) AS wanted (id, code)
    CROSS JOIN LATERAL (
        SELECT supplier_id, number_series.code, pattern, digits, start_number, restart, chronology, last_number, last_hash,
            stored_bytes, day, day_start, last_date, year, year_base
        FROM number_series WHERE supplier_id = wanted.id AND number_series.code = wanted.code
        ORDER BY last_number DESC LIMIT 1 FOR NO KEY UPDATE) AS newest
)
SELECT counter.*, (clock_timestamp() AT TIME ZONE time_zone)::date AS today,
       (clock_timestamp() AT TIME ZONE 'UTC')::date AS utc_day
FROM counter JOIN suppliers ON suppliers.id = supplier_id
