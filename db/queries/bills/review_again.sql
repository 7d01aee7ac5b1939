-- Ask for review of processed bills that look like another one.
UPDATE bills SET status = 'needs_review' WHERE id = ANY(CAST(%(ids)s AS bigint[])) AND status = 'processed'
