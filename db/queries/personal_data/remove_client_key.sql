-- What it has encrypted can be read by nobody from now on, wherever a copy of it is.
SELECT remove_client_key(%(organization_id)s, %(client_id)s) AS id
