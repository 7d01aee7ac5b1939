-- One page of what is at a location, and how much of it nobody has reserved.
SELECT product_id AS id, product_id, location_id, quantity, reserved, quantity - reserved AS available, value
FROM stock_levels
WHERE location_id = %(location_id)s AND organization_id = %(organization_id)s AND product_id > %(after)s
ORDER BY product_id LIMIT %(limit)s
