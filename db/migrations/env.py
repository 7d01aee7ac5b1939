from alembic import context
from sqlalchemy import create_engine

from db import privileges
from db.engine import address, connect_arguments, owner_url
from db.migrations import locks
from db.models import Base


def run() -> None:
    """Run all the steps and open the tables to the parts, in one transaction, with no other process migrating."""
    arguments = address(owner_url()) | connect_arguments({"timezone": "UTC"}, owner_url())
    engine = create_engine("postgresql://", connect_args=arguments)
    with engine.begin() as connection, locks.alone(connection):
        context.configure(connection=connection, target_metadata=Base.metadata, transaction_per_migration=False)
        with context.begin_transaction():
            context.run_migrations()
        privileges.open_to_parts(connection)
    engine.dispose()


run()
