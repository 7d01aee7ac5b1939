-- In the order given; a race for the same tax or VAT id ends in a unique violation, and the loser runs again.
INSERT INTO clients (organization_id, name, address_line1, address_line2, city, region, postal_code, country,
    tax_id, vat_id, email, phone, tax_key, vat_key)
SELECT organization_id, name, address_line1, address_line2, city, region, postal_code, country,
    tax_id, vat_id, email, phone, tax_key, vat_key
FROM jsonb_to_recordset(CAST(%(clients)s AS jsonb)) AS t (position integer, organization_id bigint, name text,
    address_line1 text, address_line2 text, city text, region text, postal_code text, country text,
    tax_id text, vat_id text, email text, phone text,
    tax_key text, vat_key text)
ORDER BY position
RETURNING id
