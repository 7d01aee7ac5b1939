-- In the transaction that has locked them, with keys that it has found or made.
UPDATE clients SET contact = sealed.contact, email_index = sealed.email_index, address_line1 = NULL, address_line2 = NULL,
    city = NULL, region = NULL, postal_code = NULL, email = NULL, phone = NULL
FROM unnest(CAST(%(ids)s AS bigint[]), CAST(%(contacts)s AS bytea[]), CAST(%(email_indexes)s AS bytea[]))
    AS sealed (id, contact, email_index)
WHERE clients.id = sealed.id
