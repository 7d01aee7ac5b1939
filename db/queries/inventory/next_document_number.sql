-- The row stays locked until the document is committed with its number, or neither is: so no number is left out.
INSERT INTO document_numbers (organization_id, prefix, month, last_number)
VALUES (%(organization_id)s, %(prefix)s, to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMM'), 1)
ON CONFLICT (organization_id, prefix, month) DO UPDATE SET last_number = document_numbers.last_number + 1
RETURNING month, last_number
