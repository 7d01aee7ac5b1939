"""Schedules on their pages: made, paused, run now; their time in words; and whose jobs they make."""

import re

import pytest

from domain.jobs import registry
from domain.jobs.registry import Kind
from domain.schedules import declared
from tests import chain
from tests.browser import Browser, logged_in, text
from tests.caller import application
from tests.tenant import Tenant

OPEN, STRICT, OWN = "probe.open", "probe.strict", "probe.own"
ROW = "SELECT name, kind, payload, cron, every_seconds, time_zone, catch_up, enabled FROM schedules"


@pytest.fixture(autouse=True)
def kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind that all may submit, one that operators may, and one that declares a schedule."""
    application()
    for kind in (
        Kind(OPEN, lambda *_: [{}], schema={"type": "object", "properties": {"n": {"type": "integer"}}}),
        Kind(STRICT, lambda *_: [{}], schema={"type": "object"}, permission="installation:manage"),
        Kind(OWN, lambda *_: [{}], cron="0 4 * * *"),
    ):
        monkeypatch.setitem(registry._kinds, kind.name, kind)


def form(**changes: str) -> dict[str, str]:
    given = {"name": "Weekly", "type": OPEN, "payload": '{"n": 1}', "cron": "0 9 * * MON", "timeZone": "Europe/Sofia"}
    return given | {"everySeconds": "", "catchUp": "once", "enabled": "1"} | changes


def create(browser: Browser, **changes: str) -> None:
    answer = browser.act("/schedules/new", "/schedules", **form(**changes))
    assert answer.status_code == 303, text(answer)


def test_a_schedule_is_made_and_says_its_time_in_words(organization: Tenant) -> None:
    browser = logged_in(organization.id)
    create(browser)
    assert chain.rows(ROW) == [("Weekly", OPEN, {"n": 1}, "0 9 * * MON", None, "Europe/Sofia", "once", True)]
    assert "At 09:00 on Monday (Europe/Sofia)" in text(browser.get("/schedules"))
    assert len(re.findall("<time", browser.get("/schedules/1").text)) == 3, "its next slots"
    changed = form(cron="", everySeconds="3600", catchUp="skip")
    assert browser.act("/schedules/1/edit", "/schedules/1", **changed).status_code == 303
    assert chain.rows(ROW)[0][3:7] == (None, 3600, "Europe/Sofia", "skip")
    assert "Every hour" in text(browser.get("/schedules/1"))


def test_what_is_wrong_is_said_and_nothing_is_typed_twice(organization: Tenant) -> None:
    browser = logged_in(organization.id)
    for changed, told in (
        ({"payload": "{"}, "payload is no JSON"),
        ({"payload": '{"n": "x"}'}, "payload.n"),
        ({"cron": "0 25 * * *"}, "cron cannot be read"),
        ({"cron": ""}, "is required, or everySeconds"),
        ({"timeZone": "Mars"}, "must be an IANA time zone"),
    ):
        refused = browser.act("/schedules/new", "/schedules", **form(**changed))
        assert (refused.status_code, told in text(refused), 'value="Weekly"' in refused.text) == (400, True, True)
    assert chain.rows(ROW) == []


def test_what_an_expression_means_is_said_as_it_is_typed(organization: Tenant) -> None:
    browser = logged_in(organization.id, "viewer")
    said = browser.get("/schedules/meaning?trigger.cron=0+9+*+*+MON&trigger.timeZone=Europe/Sofia")
    assert "At 09:00 on Monday (Europe/Sofia). Next:" in text(said)
    assert "cannot be read" in text(browser.get("/schedules/meaning?cron=0+25+*+*+*"))
    assert text(browser.get("/schedules/meaning?cron=")) == ""


def test_a_schedule_is_paused_resumed_run_now_and_deleted(organization: Tenant) -> None:
    browser = logged_in(organization.id)
    create(browser)
    assert browser.act("/schedules/1", "/schedules/1/pause").status_code == 303
    assert "paused" in text(browser.get("/schedules"))
    assert browser.act("/schedules/1", "/schedules/1/resume").status_code == 303
    assert chain.value("SELECT enabled FROM schedules")
    run = browser.act("/schedules/1", "/schedules/1/run")
    assert run.headers["Location"].endswith("/console/jobs/1?told=schedule-run")
    assert chain.rows("SELECT kind, payload FROM jobs") == [(OPEN, {"n": 1})]
    assert browser.act("/schedules/1", "/schedules/1/delete").status_code == 303
    assert chain.rows(ROW) == []


def test_nobody_makes_jobs_by_a_schedule_that_they_may_not_submit(organization: Tenant) -> None:
    browser = logged_in(organization.id)
    assert STRICT not in browser.get("/schedules/new").text
    refused = browser.act("/schedules/new", "/schedules", **form(type=STRICT))
    assert (refused.status_code, "installation:manage" in text(refused)) == (403, True)
    create(logged_in(organization.id, "operator"), type=STRICT)
    for act in ("run", "resume"):
        refused = browser.act("/schedules/1", f"/schedules/1/{act}")
        assert (refused.status_code, "installation:manage" in text(refused)) == (403, True), act
    assert chain.value("SELECT count(*) FROM jobs") == 0


def test_what_kinds_declare_is_seen_and_paused_by_operators_and_changed_by_nobody(organization: Tenant) -> None:
    declared.synchronise()
    [id] = [row[0] for row in chain.rows("SELECT id FROM schedules WHERE kind = 'probe.own'")]
    browser = logged_in(organization.id)
    assert OWN not in browser.get("/schedules").text
    assert browser.get(f"/schedules/{id}").status_code == 404
    operator = logged_in(organization.id, "operator")
    assert "of the installation" in text(operator.get("/schedules"))
    assert f"/schedules/{id}/delete" not in operator.get(f"/schedules/{id}").text
    assert operator.get(f"/schedules/{id}/edit").status_code == 404
    assert operator.act(f"/schedules/{id}", f"/schedules/{id}/pause").status_code == 303
    assert operator.act("/account", f"/schedules/{id}/delete").status_code == 404


def test_a_stranger_sees_no_schedule(organization: Tenant, other_organization: Tenant) -> None:
    create(logged_in(organization.id))
    stranger = logged_in(other_organization.id)
    assert "Weekly" not in stranger.get("/schedules").text
    for path in ("/schedules/1", "/schedules/1/edit"):
        assert stranger.get(path).status_code == 404, path
    for act in ("", "/run", "/pause", "/resume", "/delete"):
        assert stranger.act("/account", f"/schedules/1{act}", **form()).status_code == 404, act
