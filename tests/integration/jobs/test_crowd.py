"""Where very many organizations wait, those that go next are looked up once a second, and the order stays as it was."""

from collections import Counter

import pytest

from db import jobs as job_rows
from db.jobs import NewJob
from db.transaction import transaction
from domain.jobs.dispatch import crowd
from domain.jobs.dispatch.dispatcher import Dispatcher
from domain.jobs.priorities import ranked
from tests import chain
from tests.conftest import configure
from tests.tenant import Tenant, new_tenant

ONE_JOB = {"default": 0.0001}


@pytest.fixture
def tenants(database: str) -> list[Tenant]:
    """Six organizations with four jobs each."""
    tenants = [new_tenant(f"Tenant {number}") for number in range(6)]
    for tenant in tenants:
        owe(tenant, 4)
    return tenants


@pytest.fixture(autouse=True)
def crowds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three are a crowd, and are known for an hour."""
    monkeypatch.setattr(crowd, "CROWD", 3)
    monkeypatch.setattr(crowd, "KEPT_S", 3600)


def owe(tenant: Tenant, count: int, priority: int = 1) -> None:
    with transaction() as session:
        job_rows.enqueue(session, "probe", "default", priority, 3, [NewJob(tenant.id, {})] * count)


def served(dispatcher: Dispatcher, leases: int) -> Counter[int]:
    """Return how many jobs of each organization so many leases of one job brought."""
    return Counter(entry.stream.organization_id for _ in range(leases) for entry in dispatcher.lease(ONE_JOB))


def test_those_that_go_next_are_looked_up_again_once_they_are_served(tenants):
    dispatcher = Dispatcher()
    first = served(dispatcher, 1)
    newcomer = new_tenant("Newcomer")
    owe(newcomer, 1, priority=ranked(2))
    first += served(dispatcher, 11)
    assert sorted(first.values()) == [4, 4, 4], "others than those that were known were looked up"
    assert dispatcher.more == {"default"}, "the others are forgotten"
    assert served(dispatcher, 1) == {newcomer.id: 1}
    rest = served(dispatcher, 12)
    assert rest == {tenant.id: 4 for tenant in tenants if tenant.id not in first}
    assert (dispatcher.lease(ONE_JOB), dispatcher.more) == ([], set())


def test_a_stream_that_was_emptied_has_no_further_turn(tenants):
    chain.ask("DELETE FROM outbox WHERE job_id IN (SELECT job_id FROM outbox ORDER BY job_id LIMIT 3)")
    dispatcher = Dispatcher()
    assert len(dispatcher.lease({"default": 1.5})) == 5
    newcomer = new_tenant("Newcomer")
    owe(newcomer, 1, priority=ranked(2))
    assert newcomer.id not in served(dispatcher, 1), "those that are known were looked up again"


def test_those_that_were_not_looked_up_are_left_behind(tenants):
    dispatcher = Dispatcher()
    assert len(dispatcher.lease({"default": 60.0})) == 12
    assert dispatcher.more == {"default"}


def test_a_look_finds_those_that_were_given_least(tenants, monkeypatch):
    monkeypatch.setattr(crowd, "KEPT_S", 0)
    dispatcher = Dispatcher()
    assert served(dispatcher, 6) == {tenant.id: 1 for tenant in tenants}
    assert served(dispatcher, 12) == {tenant.id: 2 for tenant in tenants}


def test_a_crowd_of_each_rank_is_known(tenants):
    chain.ask("UPDATE outbox SET priority = %s WHERE organization_id <= %s", ranked(2), tenants[3].id)
    given = served(Dispatcher(), 12)
    assert sum(given[tenant.id] for tenant in tenants[4:]) > 0, "the lower rank has none of its share"


def test_what_a_crowd_was_given_counts_as_in_flight(tenants):
    configure(max_in_flight=5)
    assert served(Dispatcher(), 9).total() == 5


def test_what_an_organization_of_a_crowd_was_given_counts_as_running(tenants):
    chain.ask("UPDATE organizations SET max_running = 2")
    assert set(served(Dispatcher(), 20).values()) == {2}
