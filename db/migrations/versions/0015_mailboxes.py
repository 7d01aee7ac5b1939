"""Mailboxes: folders of mail whose attachments become bills, and each mail that was read in one."""

from alembic import op

revision = "0015"
down_revision = "0014"

UP = (
    """CREATE TABLE mailboxes (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        organization_id bigint NOT NULL REFERENCES organizations,
        name text NOT NULL,
        host text NOT NULL,
        port integer NOT NULL,
        security text NOT NULL CHECK (security IN ('tls', 'starttls')),
        login text NOT NULL,
        auth text NOT NULL CHECK (auth IN ('password', 'oauth')),
        credentials bytea NOT NULL,
        access_token bytea,
        access_token_until timestamptz CHECK ((access_token IS NULL) = (access_token_until IS NULL)),
        folder text NOT NULL,
        every_minutes integer NOT NULL CHECK (every_minutes > 0),
        filter jsonb NOT NULL DEFAULT '{}',
        after text NOT NULL DEFAULT 'keep',
        enabled boolean NOT NULL DEFAULT true,
        epoch integer NOT NULL DEFAULT 0,
        uid_validity bigint,
        last_uid bigint NOT NULL DEFAULT 0,
        troubled_uid bigint,
        troubles smallint NOT NULL DEFAULT 0,
        next_sync_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        last_sync_at timestamptz,
        last_error text,
        failing_since timestamptz,
        failures integer NOT NULL DEFAULT 0,
        days_warned smallint NOT NULL DEFAULT 0,
        imported bigint NOT NULL DEFAULT 0,
        filtered bigint NOT NULL DEFAULT 0,
        skipped bigint NOT NULL DEFAULT 0,
        unreadable bigint NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
    ) WITH (fillfactor = 50)""",
    "CREATE INDEX mailboxes_organization_idx ON mailboxes (organization_id, id)",
    "CREATE INDEX mailboxes_due_idx ON mailboxes (next_sync_at) WHERE enabled",
    """CREATE TABLE mailbox_mails (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        organization_id bigint NOT NULL,
        mailbox_id bigint NOT NULL,
        epoch integer NOT NULL,
        uid_validity bigint NOT NULL,
        uid bigint NOT NULL,
        message_id text NOT NULL DEFAULT '',
        hash bytea,
        subject text NOT NULL DEFAULT '',
        sender text NOT NULL DEFAULT '',
        date timestamptz,
        size bigint NOT NULL,
        outcome text NOT NULL CHECK (outcome IN ('imported', 'filtered', 'skipped', 'unreadable')),
        reason text CHECK (reason IS NOT NULL OR outcome = 'imported'),
        attachments jsonb NOT NULL DEFAULT '[]',
        is_untidy boolean NOT NULL DEFAULT false,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )""",
    # A server may come back to a UIDVALIDITY that it had before, with other mails: so the epoch is ours.
    "CREATE UNIQUE INDEX mailbox_mails_place_key ON mailbox_mails (mailbox_id, epoch, uid)",
    "CREATE INDEX mailbox_mails_mailbox_idx ON mailbox_mails (mailbox_id, id)",
    "CREATE INDEX mailbox_mails_hash_idx ON mailbox_mails (mailbox_id, hash) WHERE hash IS NOT NULL",
    "CREATE INDEX mailbox_mails_untidy_idx ON mailbox_mails (mailbox_id, epoch, uid) WHERE is_untidy",
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE mailbox_mails")
    op.execute("DROP TABLE mailboxes")
