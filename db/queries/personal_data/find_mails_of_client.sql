-- The mails that brought a client's invoices, or went to its address.
SELECT id FROM mails WHERE organization_id = %(organization_id)s AND (
    client_id = %(client_id)s
    OR CAST(parameters ->> 'invoice_id' AS bigint) = ANY(CAST(%(invoice_ids)s AS bigint[]))
    OR EXISTS (SELECT FROM jsonb_array_elements(attachments) AS one
        WHERE CAST(one ->> 'invoice_id' AS bigint) = ANY(CAST(%(invoice_ids)s AS bigint[])))
    OR EXISTS (SELECT FROM jsonb_array_elements(recipients) AS one WHERE lower(one ->> 'address') = %(email)s))
ORDER BY id
