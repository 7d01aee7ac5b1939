UPDATE data_keys SET wrapped = rewrapped.wrapped, master_key_id = %(current)s
FROM unnest(CAST(%(ids)s AS bigint[]), CAST(%(wrapped)s AS bytea[])) AS rewrapped (id, wrapped)
WHERE data_keys.id = rewrapped.id
