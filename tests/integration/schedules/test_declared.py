"""Kinds declare schedules; parts keep them in the table as they start."""

import pytest

from domain.jobs import registry
from domain.jobs.registry import Kind
from domain.jobs.work import job
from domain.schedules import declared, waking
from tests import chain
from tests.integration.schedules.conftest import SCHEDULES

NIGHTLY = "probe.nightly"
ROWS = "SELECT kind, cron, every_seconds, time_zone, catch_up, enabled FROM schedules"
ALIVE = (
    "INSERT INTO processes (name, part, host, pid, version, lanes, kinds) VALUES ('w', 'worker', 'h', 1, '2', '{}', %s)"
)


@pytest.fixture(autouse=True)
def nothing_else_is_declared(monkeypatch):
    for kind in list(registry.kinds()):
        if kind.cron or kind.every:
            monkeypatch.delitem(registry._kinds, kind.name)


@pytest.fixture
def declare(monkeypatch):
    def declare(**terms) -> None:
        monkeypatch.setitem(registry._kinds, NIGHTLY, Kind(NIGHTLY, lambda *_: [{}], **terms))
        declared.synchronise()

    return declare


@pytest.fixture
def forget(monkeypatch):
    def forget() -> None:
        monkeypatch.delitem(registry._kinds, NIGHTLY)
        declared.synchronise()

    return forget


def test_the_decorator_takes_a_schedule(monkeypatch):
    monkeypatch.setattr(registry, "_kinds", {})
    job("probe.hourly", every=3600, catch_up="skip")(lambda *_: None)
    job("probe.daily", cron="0 3 * * *", time_zone="Europe/Sofia")(lambda *_: None)
    with pytest.raises(ValueError, match=r"the schedule of probe\.never: cron names a day that its months never have"):
        job("probe.never", cron="0 0 30 2 *")(lambda *_: None)


def test_a_kind_has_the_schedule_that_it_declares(database, declare):
    declare(cron="0 3 * * *", time_zone="Europe/Sofia", catch_up="skip")
    assert chain.rows(ROWS) == [(NIGHTLY, "0 3 * * *", None, "Europe/Sofia", "skip", True)]
    first = chain.value("SELECT next_at FROM schedules")
    declare(cron="0 3 * * *", time_zone="Europe/Sofia", catch_up="all")
    assert chain.rows(ROWS) == [(NIGHTLY, "0 3 * * *", None, "Europe/Sofia", "all", True)]
    assert chain.value("SELECT next_at FROM schedules") == first, "its time has not changed"
    declare(every=60)
    assert chain.rows(ROWS) == [(NIGHTLY, None, 60, "UTC", "once", True)]


def test_its_jobs_belong_to_the_installation(organization, declare):
    declare(every=60)
    # One reading of the clock: a slot before the anchor would be none.
    chain.ask("UPDATE schedules SET next_at = at, anchor = at FROM (SELECT clock_timestamp() AS at) AS now")
    waking.wake()
    owner = "SELECT name, system FROM organizations WHERE id = (SELECT organization_id FROM jobs WHERE kind = %s)"
    assert chain.rows(owner, NIGHTLY) == [("Counterfoil", True)]
    declare(every=90)
    assert chain.value("SELECT count(*) FROM organizations WHERE system") == 1


def test_without_a_declaration_there_is_neither_row_nor_organization(database):
    declared.synchronise()
    assert chain.rows("SELECT id FROM schedules UNION ALL SELECT id FROM organizations") == []


def test_a_kind_that_is_gone_has_its_schedule_disabled_until_it_is_back(database, declare, forget):
    declare(every=60)
    forget()
    assert chain.rows("SELECT enabled, disabled_reason, next_at FROM schedules") == [(False, declared.GONE, None)]
    declare(every=60)
    assert chain.rows("SELECT enabled, disabled_reason, next_at IS NULL FROM schedules") == [(True, None, False)]


def test_a_part_of_an_older_version_leaves_alone_what_a_newer_one_declares(database, declare, forget):
    declare(every=60)
    chain.ask(ALIVE, [NIGHTLY])
    forget()
    assert chain.value("SELECT enabled FROM schedules")
    declare()
    assert not chain.value("SELECT enabled FROM schedules"), "the kind is here, and declares none"


def test_an_operator_sees_pauses_and_runs_it_and_nobody_else_does(client, operator, declare):
    declare(every=60)
    [shown] = operator.get(SCHEDULES).json
    assert (shown["type"], shown["declared"]) == (NIGHTLY, True)
    path = f"{SCHEDULES}/{shown['id']}"
    assert client.get(SCHEDULES).json == []
    assert {client.get(path).status_code, client.post(f"{path}/pause").status_code} == {404}
    assert operator.post(f"{path}/run").status_code == 202
    assert operator.post(f"{path}/pause").json["enabled"] is False
    declare(every=120)
    assert operator.get(path).json["enabled"] is False, "a part that starts undoes no pause"
    body = {"name": "Mine", "type": "accounting.recreate", "everySeconds": 60,
            "payload": {"documents": [{"type": "invoice", "id": 1}]}}  # fmt: skip
    assert operator.put(path, body).status_code == 404
    assert operator.delete(path).status_code == 404
