"""Mails: what is sent to whom, and what the relay said of each recipient."""

from alembic import op

revision = "0014"
down_revision = "0013"

UP = (
    """CREATE TABLE mails (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        organization_id bigint NOT NULL REFERENCES organizations,
        supplier_id bigint REFERENCES suppliers,
        recipients jsonb NOT NULL,
        template text NOT NULL,
        parameters jsonb NOT NULL DEFAULT '{}',
        locale_code text NOT NULL,
        subject text NOT NULL,
        message bytea,
        attachments jsonb NOT NULL DEFAULT '[]',
        message_id text NOT NULL,
        status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'sent', 'refused', 'failed')),
        error text,
        job_id bigint,
        sent_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
    ) WITH (fillfactor = 80)""",
    "CREATE INDEX mails_organization_idx ON mails (organization_id, id)",
    "CREATE INDEX mails_status_idx ON mails (organization_id, status, id) WHERE status <> 'sent'",
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE mails")
