"""A sale may be refused: its number stays taken, and nothing of it moves."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    _allow("'pending', 'completed', 'refused'")


def downgrade() -> None:
    op.execute("UPDATE sales SET status = 'pending' WHERE status = 'refused'")
    _allow("'pending', 'completed'")


def _allow(statuses: str) -> None:
    op.execute("ALTER TABLE sales DROP CONSTRAINT sales_status_check")
    op.execute(f"ALTER TABLE sales ADD CONSTRAINT sales_status_check CHECK (status IN ({statuses}))")
