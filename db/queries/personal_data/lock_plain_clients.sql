SELECT id, address_line1, address_line2, city, region, postal_code, email, phone FROM clients
WHERE organization_id = %(organization_id)s AND contact IS NULL AND personal_data_removed_at IS NULL
ORDER BY id LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
