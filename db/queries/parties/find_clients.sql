WITH wanted AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(CAST(%(wanted)s AS jsonb))
    AS t (organization_id bigint, id bigint, tax_key text, vat_key text)
), known AS (
    SELECT c.id FROM wanted JOIN clients AS c ON c.id = wanted.id
    UNION SELECT c.id FROM wanted JOIN clients AS c USING (organization_id, tax_key) WHERE c.deleted_at IS NULL
    UNION SELECT c.id FROM wanted JOIN clients AS c USING (organization_id, vat_key) WHERE c.deleted_at IS NULL
)
SELECT c.id, c.organization_id, name, address_line1, address_line2, city, region, postal_code, country,
    tax_id, vat_id, email, phone, tax_key, vat_key, contact, k.id AS data_key_id, k.wrapped, k.master_key_id
FROM known JOIN clients AS c USING (id) LEFT JOIN data_keys AS k ON k.client_id = c.id WHERE deleted_at IS NULL
ORDER BY c.id
