-- Never waits: whoever has the key is still answering.
SELECT pg_try_advisory_xact_lock(hashtextextended(CAST(%(key)s AS text), %(organization_id)s)) AS locked
