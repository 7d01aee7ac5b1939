from collections.abc import Iterator
from pathlib import Path

import pytest

import settings
from local.broker import EmbeddedBroker
from tests import checker
from tests.conftest import configure
from tests.faults.load import fetch
from tests.faults.processes import TIMINGS, Chain
from tests.faults.proxy import Proxy


@pytest.fixture
def broker_server(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    """A broker that only this test hurts."""
    with EmbeddedBroker(tmp_path / "broker", with_admin=True) as server:
        yield server


@pytest.fixture
def chain(database: str, broker: str) -> Iterator[Chain]:
    """The parts, not started yet, under tight timings; every move of every job is recorded."""
    configure(**{name: value for name, value in TIMINGS.items() if name.endswith("timeout")})
    checker.watch(database)
    fetch("CREATE TABLE effects (job_id bigint NOT NULL)")
    chain = Chain(settings.current().database_url, settings.current().broker_url, broker)
    yield chain
    chain.close()


@pytest.fixture
def network(chain: Chain) -> Iterator[Proxy]:
    """The network between the parts and their broker."""
    proxy = Proxy(chain.broker_url)
    chain.broker_url = proxy.url
    yield proxy
    proxy.close()
