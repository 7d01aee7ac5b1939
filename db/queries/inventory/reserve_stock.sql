-- A reservation of a job ends with it; one without a job, of goods that have come in, with its document's step.
INSERT INTO reservations (document_type, document_id, line_number, organization_id, location_id, product_id,
    quantity, value, job_id)
SELECT %(document_type)s, %(document_id)s, line_number, %(organization_id)s, %(location_id)s, product_id,
    quantity, value, CAST(%(job_id)s AS bigint)
FROM unnest(CAST(%(line_numbers)s AS integer[]), CAST(%(product_ids)s AS bigint[]),
    CAST(%(quantities)s AS numeric[]), CAST(%(values)s AS numeric[])) AS line (
    line_number, product_id, quantity, value)
