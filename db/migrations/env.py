from alembic import context
from sqlalchemy import create_engine

from db.engine import address, connect_arguments
from db.migrations import locks
from db.models import Base


def run() -> None:
    """Run all the steps in one transaction, with no other process migrating."""
    engine = create_engine("postgresql://", connect_args=address() | connect_arguments({"timezone": "UTC"}))
    with engine.begin() as connection, locks.alone(connection):
        context.configure(connection=connection, target_metadata=Base.metadata, transaction_per_migration=False)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
