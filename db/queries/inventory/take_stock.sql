-- Each line takes what its share of the worth adds to the shares before it, so that the last piece leaves nothing.
-- The rows are locked already.
WITH line AS (
    SELECT product_id, line_number, round, asked.quantity, own AS there, own_value AS worth,
        sum(asked.quantity) OVER (PARTITION BY product_id ORDER BY line_number) AS taken
    FROM unnest(CAST(%(line_numbers)s AS integer[]), CAST(%(product_ids)s AS bigint[]), CAST(%(quantities)s AS numeric[]),
        CAST(%(rounds)s AS integer[])) AS asked (line_number, product_id, quantity, round)
    JOIN stock_levels USING (product_id) WHERE location_id = %(location_id)s AND organization_id = %(organization_id)s
), movement AS (
    INSERT INTO movements (organization_id, location_id, product_id, quantity, value,
        document_type, document_id, step, line_number, round)
    SELECT %(organization_id)s, %(location_id)s, product_id, -quantity,
        least(round(worth * (taken - quantity) / there, %(decimals)s), worth)
        - CASE taken WHEN there THEN worth ELSE least(round(worth * taken / there, %(decimals)s), worth) END,
        %(document_type)s, %(document_id)s, %(step)s, line_number, round
    FROM line RETURNING product_id, quantity, value
), kept AS (
    DELETE FROM reservations WHERE document_type = %(document_type)s AND document_id = %(document_id)s
      AND line_number = ANY(CAST(%(line_numbers)s AS integer[]))
)
UPDATE stock SET quantity = stock.quantity + moved.quantity, value = stock.value + moved.value
FROM (SELECT product_id, sum(quantity) AS quantity, sum(value) AS value FROM movement GROUP BY product_id) AS moved
WHERE location_id = %(location_id)s AND stock.product_id = moved.product_id
