-- The user of a session that is open; whether it has a password, which was given lately, and the session idle for a minute.
SELECT s.id AS session_id, lacks_second_factor, user_id, email, u.name, role, u.organization_id,
    o.name AS organization_name, max_requests_per_second, confirmed_at > clock_timestamp() - make_interval(mins => %(confirmed_minutes)s) AS is_confirmed,
    password_hash IS NOT NULL AS has_password,
    seen_at < clock_timestamp() - interval '1 minute'
        AND NOT CAST(current_setting('transaction_read_only') AS boolean) AS idle
FROM user_sessions AS s JOIN users AS u ON u.id = user_id JOIN organizations AS o ON o.id = u.organization_id
WHERE token_hash = %(token_hash)s AND ended_at IS NULL AND disabled_at IS NULL AND expires_at > clock_timestamp()
    AND seen_at > clock_timestamp() - make_interval(hours => %(idle_hours)s)
