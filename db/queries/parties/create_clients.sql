-- In the order given; a race for the same tax or VAT id ends in a unique violation, and the loser runs again. A client whose
-- contact is encrypted comes with its key.
WITH asked AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(CAST(%(clients)s AS jsonb)) AS t (position integer, id bigint, organization_id bigint,
        name text, address_line1 text, address_line2 text, city text, region text, postal_code text, country text,
        tax_id text, vat_id text, email text, phone text, tax_key text, vat_key text, contact text, email_index text,
        data_key_id bigint, wrapped text, master_key_id text)
), client AS (
    INSERT INTO clients (id, organization_id, name, address_line1, address_line2, city, region, postal_code, country,
        tax_id, vat_id, email, phone, tax_key, vat_key, contact, email_index) OVERRIDING SYSTEM VALUE
    SELECT coalesce(id, nextval('clients_id_seq')), organization_id, name, address_line1, address_line2, city, region,
        postal_code, country, tax_id, vat_id, email, phone, tax_key, vat_key, decode(contact, 'base64'),
        decode(email_index, 'base64')
    FROM asked ORDER BY position
    RETURNING id
), data_key AS (
    INSERT INTO data_keys (id, organization_id, client_id, wrapped, master_key_id) OVERRIDING SYSTEM VALUE
    SELECT data_key_id, organization_id, id, decode(wrapped, 'base64'), master_key_id FROM asked WHERE data_key_id > 0
)
SELECT id FROM client ORDER BY id
