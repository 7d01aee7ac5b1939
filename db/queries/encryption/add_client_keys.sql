-- In the transaction that has locked these clients.
INSERT INTO data_keys (organization_id, client_id, wrapped, master_key_id)
SELECT %(organization_id)s, client_id, wrapped, %(master_key_id)s
FROM unnest(CAST(%(client_ids)s AS bigint[]), CAST(%(wrapped)s AS bytea[])) AS t (client_id, wrapped)
ON CONFLICT (client_id) WHERE client_id IS NOT NULL DO NOTHING
