-- Hold the jobs that are about to be settled, before their bills: whoever ends a job locks in this order.
SELECT id FROM open_jobs WHERE id = ANY(CAST(%(ids)s AS bigint[])) ORDER BY id FOR NO KEY UPDATE
