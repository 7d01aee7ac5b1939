-- How many data keys each master key wraps.
SELECT master_key_id, count(*) AS data_keys FROM data_keys GROUP BY master_key_id ORDER BY master_key_id
