-- The quantities that nobody has reserved; the stock's rows are locked already, so that nobody does meanwhile.
SELECT product_id, quantity - reserved AS available FROM stock_levels
WHERE location_id = %(location_id)s AND product_id = ANY(CAST(%(product_ids)s AS bigint[]))
  AND organization_id = %(organization_id)s
