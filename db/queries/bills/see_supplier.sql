-- Remember the supplier of a bill that was approved, and what its bills look like.
INSERT INTO bill_suppliers AS known (organization_id, key, name, vat_id, tax_id, ibans, currency_code, last_numbers,
    times_seen, account_code)
VALUES (%(organization_id)s, %(key)s, %(name)s, %(vat_id)s, %(tax_id)s, CAST(%(ibans)s AS text[]), %(currency_code)s,
    CAST(%(numbers)s AS text[]), 1, %(account_code)s)
ON CONFLICT (organization_id, key) DO UPDATE SET name = coalesce(excluded.name, known.name),
    vat_id = coalesce(excluded.vat_id, known.vat_id), tax_id = coalesce(excluded.tax_id, known.tax_id),
    ibans = (ARRAY(SELECT DISTINCT iban FROM unnest(known.ibans || excluded.ibans) AS iban))[1:20],
    currency_code = coalesce(excluded.currency_code, known.currency_code),
    last_numbers = (excluded.last_numbers || known.last_numbers)[1:5], times_seen = known.times_seen + 1,
    account_code = excluded.account_code, seen_at = clock_timestamp()
