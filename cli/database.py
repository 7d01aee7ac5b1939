"""The database, for the commands that change a few rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def database() -> Iterator[Any]:
    """Run the block in one transaction, once the database can be used."""
    from cli import preflight

    preflight.require_database()
    from db.transaction import transaction

    with transaction() as session:
        yield session
