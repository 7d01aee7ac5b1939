-- In the order of the key: two who move the same products wait for each other instead of in a circle.
SELECT FROM stock
WHERE location_id = %(location_id)s AND product_id = ANY(CAST(%(product_ids)s AS bigint[]))
  AND organization_id = %(organization_id)s
ORDER BY location_id, product_id FOR NO KEY UPDATE
