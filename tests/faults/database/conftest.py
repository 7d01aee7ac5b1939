from collections.abc import Iterator

import pytest

from counterfoil.crashkit.database import Database, embedded, migrated
from local.postgres import EmbeddedPostgres


@pytest.fixture
def postgres() -> Iterator[EmbeddedPostgres]:
    """A server of this test alone. Its processes are killed, the machine is not, so fsync may stay off."""
    with embedded() as server:
        yield server


@pytest.fixture
def template_database(postgres: EmbeddedPostgres) -> Database:
    return migrated(postgres)
