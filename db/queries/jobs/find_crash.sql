-- Whether all processes of the server, but not the server, are younger than the claim or last checkpoint of a job:
-- PostgreSQL starts them anew when one has crashed. pg_stat_activity shows the age of those of one's own role, and of
-- all to a superuser or a member of pg_monitor.
WITH held AS (
    SELECT lease_expires_at - make_interval(secs => %(lease)s) AS since
    FROM open_jobs WHERE id = %(id)s AND status = 'PROCESSING' AND lease_token = %(token)s
)
SELECT pg_postmaster_start_time() < since
    AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_start < since) AS crashed
FROM held
