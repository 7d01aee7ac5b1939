"""Each organization gets a data key for what is encrypted of it, kept as a master key outside the database wraps it."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute(
        """CREATE TABLE data_keys (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        organization_id bigint NOT NULL UNIQUE REFERENCES organizations,
        wrapped bytea NOT NULL CHECK (octet_length(wrapped) = 40),
        master_key_id text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )"""
    )


def downgrade() -> None:
    # What the keys encrypt stands in tables of later migrations, which are gone by now.
    op.execute("DROP TABLE data_keys")
