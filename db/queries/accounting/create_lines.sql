INSERT INTO journal_lines (entry_id, line_number, organization_id, account_code, location_id, debit, credit)
SELECT entry_id, line_number, organization_id, account_code, location_id, debit, credit
FROM unnest(CAST(%(entry_ids)s AS bigint[]), CAST(%(numbers)s AS integer[]), CAST(%(organization_ids)s AS bigint[]),
    CAST(%(accounts)s AS text[]), CAST(%(locations)s AS bigint[]), CAST(%(debits)s AS numeric[]),
    CAST(%(credits)s AS numeric[]))
    AS t (entry_id, line_number, organization_id, account_code, location_id, debit, credit)
