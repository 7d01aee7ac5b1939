import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.postgres import EmbeddedPostgres
from tests.conftest import migrated


@pytest.fixture
def postgres() -> Iterator[EmbeddedPostgres]:
    """A server of this test alone. Its processes are killed, the machine is not, so fsync may stay off."""
    with tempfile.TemporaryDirectory(prefix="cf-pg-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with EmbeddedPostgres(Path(folder), settings={"fsync": "off", "max_connections": "60"}) as server:
            yield server


@pytest.fixture
def template_database(postgres: EmbeddedPostgres) -> str:
    return migrated(postgres)
