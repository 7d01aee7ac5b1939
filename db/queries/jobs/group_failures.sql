-- The newest failed jobs of an organization, or of all, grouped by kind and by the shape of their error: ids, quoted texts
-- and words with a digit are replaced, but for the codes of PostgreSQL, HTTP and SMTP, as two of these are two troubles.
-- Few errors have codes, and only to keep these is dear.
WITH failed AS (
    SELECT id, organization_id, kind, completed_at, error
    FROM open_jobs WHERE status = 'FAILED' AND kind <> ALL (CAST(%(other_kinds_than)s AS text[]))
      AND (CAST(%(organization_id)s AS bigint) IS NULL OR organization_id = %(organization_id)s)
    ORDER BY id DESC LIMIT %(failed)s
), named AS (
    SELECT *, left(md5(concat_ws(chr(10), kind, shape)), 16) AS fingerprint, count(*) OVER () AS looked_at FROM failed
    CROSS JOIN LATERAL (SELECT regexp_replace(left(error, 300), '(?<!\w)''[^'']*''(?!\w)|"[^"]*"|'
        '[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}', '#', 'g') AS text) AS quoted
    CROSS JOIN LATERAL (SELECT CASE WHEN text ~ 'SQLSTATE|HTTP|status|answered' THEN regexp_replace(regexp_replace(text,
        '((?:SQLSTATE|HTTP|status|answered) \w*\d)|\w*\d\w*(?:[.,:/-]\w*\d\w*)*', '\1#', 'g'), '(\d)#', '\1', 'g')
        ELSE regexp_replace(text, '\w*\d\w*(?:[.,:/-]\w*\d\w*)*', '#', 'g') END AS shape) AS shaped
)
SELECT fingerprint, kind, shape, count(*) AS jobs, count(DISTINCT organization_id) AS organizations,
    min(completed_at) AS first_at, max(completed_at) AS last_at, max(id) AS newest_id,
    CASE WHEN CAST(%(fingerprint)s AS text) IS NOT NULL THEN array_agg(id ORDER BY id) END AS job_ids,
    max(looked_at) AS failed
FROM named WHERE fingerprint = coalesce(%(fingerprint)s, fingerprint) AND (CAST(%(job_id)s AS bigint) IS NULL
    OR fingerprint = (SELECT fingerprint FROM named WHERE id = %(job_id)s))
GROUP BY fingerprint, kind, shape ORDER BY last_at DESC, fingerprint LIMIT %(groups)s
