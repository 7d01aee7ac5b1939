"""Automations: what is done when an event says so, or at a time; each run once for an event."""

from alembic import op

revision = "0013"
down_revision = "0012"

# What automations need themselves is left out, or one that fails would cause the next.
TELL_OF_JOB = """CREATE TRIGGER tell_of_job AFTER UPDATE OF status ON open_jobs FOR EACH ROW
    WHEN (NEW.status IN ('FAILED', 'CANCELLED') AND NEW.kind NOT IN ({}))
    EXECUTE FUNCTION tell_of_job()"""
BEFORE = "'events.sequence', 'webhook.deliver'"
UP = (
    # The organizations whose events automations ask for; numbering those of the others costs what it did.
    "ALTER TABLE event_streams ADD automated boolean NOT NULL DEFAULT false",
    """CREATE TABLE automations (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        organization_id bigint NOT NULL REFERENCES organizations,
        key_id bigint NOT NULL REFERENCES api_keys,
        name text NOT NULL,
        version integer NOT NULL DEFAULT 1,
        event_type text,
        schedule_id bigint REFERENCES schedules,
        conditions jsonb NOT NULL,
        actions jsonb NOT NULL,
        repeat boolean NOT NULL DEFAULT false,
        enabled boolean NOT NULL DEFAULT true,
        disabled_reason text CHECK (disabled_reason IS NULL OR NOT enabled),
        failures integer NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        CHECK ((event_type IS NULL) <> (schedule_id IS NULL))
    ) WITH (fillfactor = 70)""",
    "CREATE INDEX automations_organization_idx ON automations (organization_id, id)",
    # What it is to do is copied from its automation, and says then what came of it.
    """CREATE TABLE automation_runs (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        organization_id bigint NOT NULL,
        automation_id bigint NOT NULL,
        version integer NOT NULL,
        sequence bigint,
        event_id uuid,
        slot timestamptz,
        chain jsonb NOT NULL DEFAULT '[]',
        job_id bigint,
        status text NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed', 'stopped')),
        actions jsonb NOT NULL,
        error text,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        ended_at timestamptz,
        CHECK ((sequence IS NULL) <> (slot IS NULL)),
        CHECK ((status = 'pending') = (ended_at IS NULL))
    ) WITH (fillfactor = 70)""",
    """CREATE UNIQUE INDEX automation_runs_event_idx ON automation_runs (automation_id, version, sequence)
        WHERE sequence IS NOT NULL""",
    """CREATE UNIQUE INDEX automation_runs_slot_idx ON automation_runs (automation_id, version, slot)
        WHERE slot IS NOT NULL""",
    "CREATE INDEX automation_runs_automation_idx ON automation_runs (automation_id, id)",
    "CREATE INDEX automation_runs_created_idx ON automation_runs (created_at)",
    # The jobs that runs have caused: an event that names one carries where it comes from.
    """CREATE TABLE automation_jobs (
        organization_id bigint NOT NULL,
        job_id bigint NOT NULL,
        caused_by jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (organization_id, job_id)
    )""",
    "CREATE INDEX automation_jobs_created_idx ON automation_jobs (created_at)",
    # What an automation's conditions held for the last time: it fires when they become true.
    """CREATE TABLE automation_subjects (
        automation_id bigint NOT NULL,
        subject bigint NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (automation_id, subject)
    )""",
    "CREATE INDEX automation_subjects_created_idx ON automation_subjects (created_at)",
    "DROP TRIGGER tell_of_job ON open_jobs",
    TELL_OF_JOB.format(f"{BEFORE}, 'automation.run'"),
)
DOWN = (
    "DROP TRIGGER tell_of_job ON open_jobs",
    TELL_OF_JOB.format(BEFORE),
    "DROP TABLE automation_subjects",
    "DROP TABLE automation_jobs",
    "DROP TABLE automation_runs",
    "DROP TABLE automations",
    "DELETE FROM schedules WHERE keeper = 'automation'",
    "ALTER TABLE event_streams DROP automated",
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
