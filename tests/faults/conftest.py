from collections.abc import Iterator
from pathlib import Path

import pytest

from local.broker import EmbeddedBroker
from local.postgres import EmbeddedPostgres
from settings import broker_url, database_url
from tests import checker
from tests.conftest import configure
from tests.faults.load import fetch
from tests.faults.processes import TIMINGS, Chain


@pytest.fixture
def broker_server(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    """A broker that only this test hurts."""
    with EmbeddedBroker(tmp_path / "broker") as server:
        yield server


@pytest.fixture
def chain(database: str, broker: str) -> Iterator[Chain]:
    """The parts, not started yet, under tight timings; every move of every job is recorded."""
    configure(**{name: value for name, value in TIMINGS.items() if name.endswith("timeout")})
    checker.watch(database)
    fetch("CREATE TABLE effects (job_id bigint NOT NULL)")
    chain = Chain(database, broker)
    yield chain
    chain.close()
