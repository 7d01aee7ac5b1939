-- Each line takes what its share of the worth adds to the shares before it, so that the last piece leaves nothing.
-- The rows are locked already.
WITH line AS (
    SELECT product_id, line_number, asked.quantity, stock.quantity AS there, stock.value AS worth,
        sum(asked.quantity) OVER (PARTITION BY product_id ORDER BY line_number) AS taken
    FROM unnest(CAST(%(line_numbers)s AS integer[]), CAST(%(product_ids)s AS bigint[]),
        CAST(%(quantities)s AS numeric[])) AS asked (line_number, product_id, quantity)
    JOIN stock USING (product_id)
    WHERE location_id = %(location_id)s AND organization_id = %(organization_id)s
), movement AS (
    INSERT INTO movements (organization_id, location_id, product_id, quantity, value,
        document_type, document_id, step, line_number)
    SELECT %(organization_id)s, %(location_id)s, product_id, -quantity,
        round(worth * (taken - quantity) / there, 4) - round(worth * taken / there, 4),
        %(document_type)s, %(document_id)s, %(step)s, line_number
    FROM line
    RETURNING product_id, quantity, value
)
UPDATE stock SET quantity = stock.quantity + moved.quantity, value = stock.value + moved.value
FROM (SELECT product_id, sum(quantity) AS quantity, sum(value) AS value FROM movement GROUP BY product_id) AS moved
WHERE location_id = %(location_id)s AND stock.product_id = moved.product_id
