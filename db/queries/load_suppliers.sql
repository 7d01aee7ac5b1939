-- What issuing needs of each supplier; the template is its own, else its organization's default.
SELECT s.*, coalesce(own.source_hash, shared.source_hash) AS template_hash
FROM suppliers AS s
LEFT JOIN templates AS own ON own.id = s.default_template_id
LEFT JOIN templates AS shared ON shared.organization_id = s.organization_id AND shared.is_default
WHERE s.id = ANY(CAST(%(ids)s AS bigint[]))
