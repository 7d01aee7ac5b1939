"""Webhooks: the addresses that are told of events, and each delivery to them."""

from alembic import op

revision = "0007"
down_revision = "0006"

PARTS = "ALTER TABLE processes DROP CONSTRAINT processes_part_check, ADD CHECK (part IN ({}))"
BEFORE = "'api', 'relay', 'worker', 'beat'"
UP = (
    PARTS.format(f"{BEFORE}, 'io'"),
    """CREATE TABLE webhooks (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        organization_id bigint NOT NULL REFERENCES organizations,
        url text NOT NULL,
        event_types text[] NOT NULL CHECK (cardinality(event_types) > 0),
        description text,
        secret bytea NOT NULL,
        old_secret bytea,
        old_secret_until timestamptz CHECK ((old_secret IS NULL) = (old_secret_until IS NULL)),
        header_names text[] NOT NULL DEFAULT '{}',
        headers bytea CHECK ((headers IS NULL) = (header_names = '{}')),
        enabled boolean NOT NULL DEFAULT true,
        disabled_reason text CHECK (disabled_reason IS NULL OR NOT enabled),
        failing_since timestamptz,
        last_failed_at timestamptz,
        failures integer NOT NULL DEFAULT 0,
        days_warned smallint NOT NULL DEFAULT 0,
        paused_until timestamptz,
        pace interval NOT NULL DEFAULT '50 ms',
        held_by bigint,
        awaited boolean NOT NULL DEFAULT false,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
    ) WITH (fillfactor = 50)""",
    "CREATE INDEX webhooks_organization_idx ON webhooks (organization_id, id)",
    # The number of its event leads to what is sent; no event is kept here twice. Whoever writes some has the webhook
    # locked: a foreign key would lock it once for each.
    """CREATE TABLE deliveries (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        organization_id bigint NOT NULL,
        webhook_id bigint NOT NULL,
        sequence bigint NOT NULL,
        job_id bigint NOT NULL,
        attempts jsonb NOT NULL DEFAULT '[]',
        delivered_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp()
    ) WITH (fillfactor = 80)""",
    "CREATE INDEX deliveries_webhook_idx ON deliveries (webhook_id, id)",
    "CREATE INDEX deliveries_sequence_idx ON deliveries (webhook_id, sequence, id)",
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE deliveries")
    op.execute("DROP TABLE webhooks")
    op.execute("DELETE FROM processes WHERE part = 'io'")
    op.execute(PARTS.format(BEFORE))
