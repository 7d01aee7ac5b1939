-- The clock was put back by `step` seconds: webhooks are left alone and mailboxes read again after as long as was meant,
-- and what is told from now on is numbered, and guesses of passwords are forgotten, without waiting for the old time.
WITH webhook AS (
    UPDATE webhooks SET paused_until = greatest(clock_timestamp(), paused_until - make_interval(secs => %(step)s))
    WHERE paused_until > clock_timestamp()
), mailbox AS (
    UPDATE mailboxes SET next_sync_at = greatest(clock_timestamp(), next_sync_at - make_interval(secs => %(step)s))
    WHERE next_sync_at > clock_timestamp()
), stream AS (
    UPDATE event_streams SET sequenced_at = clock_timestamp() WHERE sequenced_at > clock_timestamp()
)
UPDATE login_attempts SET counted_at = clock_timestamp() WHERE counted_at > clock_timestamp()
