"""The sweep passes over the leases that have run out once, not each process by itself and again and again."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.execute("ALTER TABLE relay_state ADD COLUMN swept_to timestamptz NOT NULL DEFAULT '-infinity'")


def downgrade() -> None:
    op.execute("ALTER TABLE relay_state DROP COLUMN swept_to")
