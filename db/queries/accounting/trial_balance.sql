-- One statement, one snapshot: whatever is being recreated meanwhile, the sums of its entries are whole.
SELECT a.code, a.name, a.type, e.currency_code, sum(l.debit) AS debit, sum(l.credit) AS credit,
    sum(l.debit - l.credit) AS balance
FROM journal_entries AS e
JOIN journal_lines AS l ON l.entry_id = e.id
JOIN accounts AS a ON a.organization_id = l.organization_id AND a.code = l.account_code
WHERE e.organization_id = %(organization_id)s AND e.deleted_at IS NULL
    AND (%(last)s::date IS NULL OR e.entry_date <= %(last)s::date)
GROUP BY a.code, a.name, a.type, e.currency_code
ORDER BY a.code, e.currency_code
