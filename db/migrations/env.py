from alembic import context
from sqlalchemy import create_engine, text

from db.engine import connect_arguments, url
from db.models import Base

ADVISORY_LOCK = 4_270_331


def run() -> None:
    """Hold the advisory lock for the one transaction that all the steps share."""
    engine = create_engine(url(), connect_args=connect_arguments({"timezone": "UTC"}))
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": ADVISORY_LOCK})
        context.configure(connection=connection, target_metadata=Base.metadata, transaction_per_migration=False)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
