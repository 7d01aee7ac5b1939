"""Files that organizations keep, and those on their way into the storage."""

from alembic import op

revision = "0010"
down_revision = "0009"

UP = (
    """CREATE TABLE files (
        organization_id bigint NOT NULL REFERENCES organizations,
        sha256 bytea NOT NULL CHECK (length(sha256) = 32),
        size bigint NOT NULL CHECK (size > 0),
        media_type text NOT NULL,
        write_id bigint NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (organization_id, sha256)
    )""",
    """CREATE TABLE file_writes (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        organization_id bigint NOT NULL REFERENCES organizations,
        sha256 bytea NOT NULL CHECK (length(sha256) = 32),
        size bigint NOT NULL CHECK (size > 0),
        stored_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        given_up_at timestamptz
    )""",
    "CREATE INDEX file_writes_organization_idx ON file_writes (organization_id, stored_at)",
    """CREATE TABLE file_totals (
        organization_id bigint PRIMARY KEY REFERENCES organizations,
        files integer NOT NULL,
        bytes bigint NOT NULL
    ) WITH (fillfactor = 50)""",
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for table in ("file_totals", "file_writes", "files"):
        op.execute(f"DROP TABLE {table}")
