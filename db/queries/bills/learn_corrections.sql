-- Remember how fields of a supplier's bills were put right: the last forty times, the newest at the end.
INSERT INTO bill_suppliers AS known (organization_id, key, name, vat_id, tax_id, corrections)
VALUES (%(organization_id)s, %(key)s, %(name)s, %(vat_id)s, %(tax_id)s, CAST(%(corrections)s AS jsonb))
ON CONFLICT (organization_id, key) DO UPDATE SET seen_at = clock_timestamp(),
    corrections = (SELECT coalesce(jsonb_agg(one ORDER BY place), '[]')
        FROM jsonb_array_elements(known.corrections || excluded.corrections) WITH ORDINALITY AS kept (one, place)
        WHERE place > jsonb_array_length(known.corrections) + jsonb_array_length(excluded.corrections) - 40)
