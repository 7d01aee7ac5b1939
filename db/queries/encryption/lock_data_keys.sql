-- Some that another master key wraps than the current one. Who comes second waits, and finds them rewrapped.
SELECT id, wrapped, master_key_id FROM data_keys WHERE id > %(after)s AND master_key_id <> %(current)s
ORDER BY id LIMIT %(most)s FOR NO KEY UPDATE
