-- Rows are made or locked in the order of the key, as lock_stock does.
WITH movement AS (
    INSERT INTO movements (organization_id, location_id, product_id, quantity, value,
        document_type, document_id, step, line_number, round)
    SELECT %(organization_id)s, %(location_id)s, product_id, quantity, value,
        %(document_type)s, %(document_id)s, %(step)s, line_number, round
    FROM unnest(CAST(%(line_numbers)s AS integer[]), CAST(%(product_ids)s AS bigint[]),
        CAST(%(quantities)s AS numeric[]), CAST(%(values)s AS numeric[]), CAST(%(rounds)s AS integer[]))
        AS line (line_number, product_id, quantity, value, round)
    RETURNING product_id, quantity, value
)
INSERT INTO stock (location_id, product_id, organization_id, quantity, value)
SELECT %(location_id)s, product_id, %(organization_id)s, sum(quantity), sum(value)
FROM movement GROUP BY product_id ORDER BY product_id
ON CONFLICT (location_id, product_id) DO UPDATE
SET quantity = stock.quantity + excluded.quantity, value = stock.value + excluded.value
