-- Goods that a step brought in go out again, with their reservations. The stock's rows are locked already.
WITH movement AS (
    INSERT INTO movements (organization_id, location_id, product_id, quantity, value,
        document_type, document_id, step, line_number, round)
    SELECT %(organization_id)s, %(location_id)s, product_id, -quantity, value,
        %(document_type)s, %(document_id)s, %(step)s, line_number, round
    FROM unnest(CAST(%(line_numbers)s AS integer[]), CAST(%(product_ids)s AS bigint[]),
        CAST(%(quantities)s AS numeric[]), CAST(%(values)s AS numeric[]), CAST(%(rounds)s AS integer[]))
        AS line (line_number, product_id, quantity, value, round)
    RETURNING product_id, quantity, value
), kept AS (
    DELETE FROM reservations WHERE document_type = %(document_type)s AND document_id = %(document_id)s
      AND line_number = ANY(CAST(%(line_numbers)s AS integer[]))
)
UPDATE stock SET quantity = stock.quantity + moved.quantity, value = stock.value + moved.value
FROM (SELECT product_id, sum(quantity) AS quantity, sum(value) AS value FROM movement GROUP BY product_id) AS moved
WHERE location_id = %(location_id)s AND stock.product_id = moved.product_id
