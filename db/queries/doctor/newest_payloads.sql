-- The newest version of the payloads of each kind that waits, among the jobs that were accepted last.
SELECT kind, max(payload_version) AS version
FROM (SELECT kind, payload_version, status FROM open_jobs ORDER BY id DESC LIMIT %(most)s) AS newest
WHERE status = 'PENDING' GROUP BY kind ORDER BY kind
