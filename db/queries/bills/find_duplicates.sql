-- Other bills of an organization that may be the same as each of some: one supplier's number, or its total of one day.
SELECT bill.id, other.id AS other_id, other.status,
    CASE WHEN other.number_key = bill.number_key THEN 'number' ELSE 'amount' END AS same
FROM bills AS bill CROSS JOIN LATERAL (
    SELECT id, status, number_key FROM bills AS twin
    WHERE twin.organization_id = bill.organization_id AND twin.supplier_key = bill.supplier_key AND twin.id <> bill.id
      AND twin.status <> 'rejected'
      AND (twin.number_key = bill.number_key OR (twin.total = bill.total AND twin.issue_date = bill.issue_date
           AND twin.currency_code = bill.currency_code))
    ORDER BY id LIMIT 20
) AS other
WHERE bill.organization_id = %(organization_id)s AND bill.id = ANY(CAST(%(ids)s AS bigint[]))
ORDER BY bill.id, other.id
