import math
from collections.abc import Callable, Iterator

import psycopg
import pytest

from db.transaction import transaction
from domain.identity import keys
from domain.jobs.dispatch.costs import Cost, Costs
from domain.jobs.registry import kinds
from tests import chain
from tests.caller import Caller
from tests.tenant import Tenant
from tests.warehouse import Warehouse, stocked


@pytest.fixture
def lanes(broker: str) -> Iterator[None]:
    """The lanes of an empty broker, with this process connected to it."""
    chain.connect_celery()
    yield
    chain.disconnect()


@pytest.fixture
def client(organization: Tenant) -> Caller:
    """The API, called with the organization's key."""
    return Caller(organization.key)


@pytest.fixture
def stranger(other_organization: Tenant) -> Caller:
    """The API, called with another organization's key."""
    return Caller(other_organization.key)


@pytest.fixture
def operator(organization: Tenant) -> Caller:
    """The API, called by those on call."""
    with transaction() as session:
        return Caller(keys.create(session, organization.id, "on call", role="operator").secret)


@pytest.fixture
def warehouse(organization) -> Warehouse:
    """Five of each of three products, bought at 3.3333."""
    return stocked(organization, 5, 5, 5)


@pytest.fixture
def jobs_take(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Have the relay believe that each job takes so many seconds, and a run by itself none."""

    def believe(seconds: float) -> None:
        costs = Costs({kind.name: Cost(0.0, seconds) for kind in kinds()})
        monkeypatch.setattr("domain.jobs.dispatch.dispatcher.measured", lambda session: costs)

    return believe


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that this process sends, as it sends it."""
    sent: list[str] = []
    execute = psycopg.Cursor.execute

    def counted(cursor, query, *arguments, **options):
        sent.append(str(query))
        return execute(cursor, query, *arguments, **options)

    monkeypatch.setattr(psycopg.Cursor, "execute", counted)
    monkeypatch.setattr("db.engine.PLANS_KEPT_S", math.inf)  # a statement once in a while is not what is counted
    return sent
