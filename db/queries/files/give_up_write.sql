-- Nobody can keep what the storage did not take; it is collected with the rest, as some of it may be there.
UPDATE file_writes SET given_up_at = clock_timestamp() WHERE organization_id = %(organization_id)s AND id = %(id)s
