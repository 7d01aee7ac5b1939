-- How many mails an organization was promised in the last 24 hours, counted up to a limit.
SELECT count(*) FROM (
    SELECT created_at FROM mails WHERE organization_id = %(organization_id)s ORDER BY id DESC LIMIT %(limit)s
) AS latest WHERE created_at > clock_timestamp() - interval '24 hours'
