-- Its id stays, for the invoices that were issued to it, and its country, for what is reported of these.
UPDATE clients SET name = '-', address_line1 = NULL, address_line2 = NULL, city = NULL, region = NULL, postal_code = NULL,
    tax_id = NULL, vat_id = NULL, email = NULL, phone = NULL, tax_key = NULL, vat_key = NULL, contact = NULL,
    email_index = NULL, deleted_at = coalesce(deleted_at, clock_timestamp()), updated_at = clock_timestamp(),
    personal_data_removed_at = clock_timestamp()
WHERE id = %(client_id)s AND personal_data_removed_at IS NULL
RETURNING id
