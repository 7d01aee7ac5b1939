-- The ids of new clients and of their data keys, which stand in what is encrypted before there is a row.
SELECT nextval('clients_id_seq') AS client_id, nextval('data_keys_id_seq') AS data_key_id
FROM generate_series(1, %(many)s)
