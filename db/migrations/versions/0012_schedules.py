"""Schedules: jobs that are owed again and again, one for each slot."""

from alembic import op

revision = "0012"
down_revision = "0011"

UP = (
    # To which the jobs of the installation itself belong. It is made when a kind first declares a schedule.
    "ALTER TABLE organizations ADD system boolean NOT NULL DEFAULT false",
    "CREATE UNIQUE INDEX organizations_system_idx ON organizations (system) WHERE system",
    """CREATE TABLE schedules (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        organization_id bigint NOT NULL REFERENCES organizations,
        keeper text NOT NULL CHECK (keeper IN ('caller', 'kind', 'automation')),
        name text NOT NULL,
        kind text NOT NULL,
        payload jsonb NOT NULL DEFAULT '{}',
        payload_version smallint NOT NULL DEFAULT 1,
        cron text,
        every_seconds integer CHECK (every_seconds >= 60),
        time_zone text NOT NULL DEFAULT 'UTC',
        catch_up text NOT NULL DEFAULT 'once' CHECK (catch_up IN ('skip', 'once', 'all')),
        enabled boolean NOT NULL DEFAULT true,
        disabled_reason text CHECK (disabled_reason IS NULL OR NOT enabled),
        anchor timestamptz NOT NULL DEFAULT clock_timestamp(),
        next_at timestamptz CHECK (next_at IS NULL OR enabled),
        last_slot timestamptz,
        last_job_id bigint,
        last_error text,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        CHECK ((cron IS NULL) <> (every_seconds IS NULL))
    ) WITH (fillfactor = 70)""",
    "CREATE INDEX schedules_organization_idx ON schedules (organization_id, id)",
    "CREATE INDEX schedules_next_idx ON schedules (next_at) WHERE next_at IS NOT NULL",
    "CREATE UNIQUE INDEX schedules_kind_idx ON schedules (kind) WHERE keeper = 'kind'",
    # One job a slot, however many wakers there are, and though a clock that was put back shows a time again.
    """CREATE TABLE schedule_slots (
        schedule_id bigint NOT NULL REFERENCES schedules ON DELETE CASCADE,
        slot timestamptz NOT NULL,
        job_id bigint,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (schedule_id, slot)
    )""",
    "CREATE INDEX schedule_slots_created_idx ON schedule_slots (created_at)",
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE schedule_slots")
    op.execute("DROP TABLE schedules")
    op.execute("ALTER TABLE organizations DROP system")
