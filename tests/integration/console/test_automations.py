"""Automations on their pages: drawn from the catalogue, tried against what happened, and in whose name they act."""

import re

import pytest

from console.automations import TOLD
from domain.automations import actions
from domain.errors import Conflict
from tests import bodies, chain
from tests.browser import Browser, logged_in, text
from tests.caller import Caller
from tests.integration.automations.conftest import number, work
from tests.tenant import Tenant

ROW = "SELECT name, event_type, conditions, actions, repeat, enabled, owner FROM automations"
NOTE = {"actions[0].do": "add_note", "actions[0].parameters.text": "{{data.invoiceNumber}}"}
LARGE = {"conditions[0].field": "total", "conditions[0].op": "atLeast", "conditions[0].value": "20.5"}


def form(**changes: str) -> dict[str, str]:
    given = {"name": "Large", "by": "event", "trigger.event": "invoice.issued", "match": "all", "enabled": "1"}
    return given | NOTE | LARGE | changes


def create(browser: Browser, **changes: str) -> None:
    answer = browser.act("/automations/new", "/automations", **form(**changes))
    assert answer.status_code == 303, text(answer)


def test_an_automation_is_made_shown_and_its_form_is_as_it_was_saved(organization: Tenant) -> None:
    browser = logged_in(organization.id)
    second = {"conditions[1].field": "currencyCode", "conditions[1].op": "in", "conditions[1].value": "EUR, USD"}
    job = {
        "actions[1].do": "create_job", "actions[1].parameters.type": "accounting.recreate",
        "actions[1].parameters.payload": '{"documents": [{"type": "invoice", "id": "{{data.invoiceId}}"}]}',
        "actions[2].do": "send_invoice", "actions[2].parameters.invoiceNumber": "{{data.invoiceNumber}}",
        "actions[2].parameters.to": "a@example.com\nb@example.com",
    }  # fmt: skip
    create(browser, **second, **job)
    large = {"field": "total", "op": "atLeast", "value": 20.5}
    conditions = {"all": [large, {"field": "currencyCode", "op": "in", "value": ["EUR", "USD"]}]}
    done = [
        {"do": "add_note", "text": "{{data.invoiceNumber}}"},
        {"do": "create_job", "type": "accounting.recreate",
         "payload": {"documents": [{"type": "invoice", "id": "{{data.invoiceId}}"}]}},
        {"do": "send_invoice", "invoiceNumber": "{{data.invoiceNumber}}", "to": ["a@example.com", "b@example.com"]},
    ]  # fmt: skip
    assert chain.rows(ROW) == [("Large", "invoice.issued", conditions, done, False, True, "user:1")]
    assert "total is at least 20.5" in text(browser.get("/automations/1"))
    page = browser.get("/automations/1/edit").text
    fields = dict(re.findall('<input id="([^"]+)" name="[^"]+" value="([^"]*)"', page))
    assert fields["conditions[1].value"] == "EUR, USD"
    assert ">a@example.com\nb@example.com</textarea>" in page
    assert browser.act("/automations/1/edit", "/automations/1", **form(**second, **job, name="Same")).status_code == 303
    assert chain.rows(ROW)[0][:4] == ("Same", "invoice.issued", conditions, done)


def test_rows_are_added_and_taken_away_without_a_script(organization: Tenant) -> None:
    browser = logged_in(organization.id)

    def drawn(**changes: str) -> str:
        answer = browser.act("/automations/new", "/automations/draw", **form(**changes))
        assert answer.status_code == 200
        return answer.text

    assert 'value="20.5"' in drawn(add="conditions")
    assert "conditions[1].value" in drawn(add="conditions")
    assert "conditions[0].value" not in drawn(drop="conditions[0]")
    assert "actions[1].do" in drawn(add="actions")
    reject = {"actions[0].do": "reject_bill"}
    assert "actions[0].parameters.reason" in drawn(**reject)
    bills = drawn(**{"trigger.event": "bill.failed"})
    assert 'value="fileName"' in bills
    assert 'value="currencyCode"' not in bills
    assert "trigger.cron" in drawn(by="time")
    assert chain.rows(ROW) == [], "nothing is changed"


def test_what_is_wrong_is_said_at_its_place_and_nothing_is_typed_twice(organization: Tenant) -> None:
    browser = logged_in(organization.id)
    wrong = {"conditions[0].value": "much", "actions[0].parameters.text": "{{data.nothing}}"}
    refused = browser.act("/automations/new", "/automations", **form(**wrong))
    assert (refused.status_code, 'value="much"' in refused.text) == (400, True)
    assert "must be a number of up to 15 digits" in text(refused)
    assert "placeholders that stand for nothing: data.nothing" in text(refused)
    tree = browser.act("/automations/new", "/automations", **form(match="tree", tree="{"))
    assert "tree is no JSON" in text(tree)
    by_time = {"by": "time", "trigger.cron": "0 25 * * *", "actions[0].parameters.text": "{{slot}}"}
    cron = browser.act("/automations/new", "/automations", **form(**by_time))
    assert "cannot be read: bad hour" in text(cron)
    assert chain.rows(ROW) == []


def test_a_tree_and_a_time_are_kept_as_they_were_made(client: Caller, organization: Tenant) -> None:
    tree = {"not": {"any": [{"field": "total", "op": "is", "value": 1}]}}
    made = {"name": "Tree", "trigger": {"event": "invoice.issued"}, "actions": [{"do": "add_note", "text": "x"}]}
    assert client.post("/api/v1/automations", made | {"conditions": tree}).status_code == 201
    browser = logged_in(organization.id)
    page = browser.get("/automations/1/edit")
    assert '"not"' in text(page)
    [shown] = re.findall('<textarea id="tree"[^>]*>(.*?)</textarea>', page.text, re.DOTALL)
    same = form(match="tree", tree=shown.replace("&#34;", '"'))
    assert browser.act("/automations/1/edit", "/automations/1", **same).status_code == 303
    assert chain.rows("SELECT conditions FROM automations") == [(tree,)]
    by_time = {"by": "time", "trigger.cron": "0 9 * * MON", "actions[0].parameters.text": "{{slot}}"}
    create(browser, **by_time)
    assert "At 09:00 on Monday (UTC)" in text(browser.get("/automations"))
    assert 'value="0 9 * * MON"' in browser.get("/automations/2/edit").text
    assert browser.act("/automations/2", "/automations/2/switch").status_code == 303
    assert chain.rows("SELECT enabled, next_at FROM schedules") == [(False, None)]
    assert browser.get("/automations/2/test").status_code == 200, "there is no event to test it with"


def test_it_is_tried_against_what_has_happened_and_does_nothing(client: Caller, organization: Tenant) -> None:
    browser = logged_in(organization.id)
    create(browser, **{"conditions[0].value": "1000"})
    client.post("/api/v1/invoices/generate", bodies.invoice(organization.supplier_id))
    number()
    page = browser.get("/automations/1/test")
    assert "does not hold" in text(page)
    [path] = re.findall("/console(/automations/1/test\\?event=[0-9a-f-]+)", page.text)
    tried = text(browser.get(path))
    assert "It would do nothing: its conditions do not hold" in tried
    assert "total is at least 1000 does not hold the event says: 25.2" in tried
    browser.act("/automations/1/edit", "/automations/1", **form())
    tried = text(browser.get(path))
    assert "It would do its actions." in tried
    assert '"text": "INV-000001"' in tried
    assert chain.value("SELECT count(*) FROM automation_runs") == 0


def test_runs_say_what_was_done_and_why_it_was_refused(
    client: Caller, organization: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> dict[str, object]:
        raise Conflict("the cupboard is bare")

    known = actions.all_actions()
    monkeypatch.setitem(known, "retry_job", known["retry_job"]._replace(perform=refuse))
    browser = logged_in(organization.id)
    create(browser, **{"actions[1].do": "retry_job", "actions[1].parameters.jobId": "7"})
    client.post("/api/v1/invoices/generate", bodies.invoice(organization.supplier_id))
    number()
    work()
    page = text(browser.get("/automations/1"))
    assert "done add_note" in page
    assert "INV-000001" in page
    assert "the cupboard is bare" in page
    assert "1 run has failed" in text(browser.get("/automations"))


def test_it_acts_in_the_name_of_who_saves_it_and_names_the_permission_that_is_missing(
    organization: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = actions.all_actions()
    monkeypatch.setitem(known, "add_note", known["add_note"]._replace(permission="installation:manage"))
    create(logged_in(organization.id, "operator"))
    owner = logged_in(organization.id)
    assert "it takes the permission installation:manage, which you lack" in text(owner.get("/automations/new"))
    refused = owner.act("/automations/new", "/automations", **form())
    assert (refused.status_code, "installation:manage" in text(refused)) == (403, True)
    assert owner.act("/automations/1", "/automations/1/switch").status_code == 303, "to stop it takes no more"
    refused = owner.act("/automations/1", "/automations/1/switch", enabled="1")
    assert (refused.status_code, "installation:manage" in text(refused)) == (403, True)
    assert chain.rows("SELECT enabled, owner FROM automations") == [(False, "user:1")]


def test_it_is_enabled_and_deleted(organization: Tenant) -> None:
    browser = logged_in(organization.id)
    create(browser, enabled="")
    chain.ask("UPDATE automations SET enabled = false, failures = 3")
    assert browser.act("/automations/1", "/automations/1/switch", enabled="1").status_code == 303
    assert chain.rows("SELECT enabled, failures, version FROM automations") == [(True, 0, 2)]
    assert browser.act("/automations/1", "/automations/1/delete").status_code == 303
    assert chain.rows(ROW) == []


def test_a_stranger_sees_no_automation(organization: Tenant, other_organization: Tenant) -> None:
    create(logged_in(organization.id))
    stranger = logged_in(other_organization.id)
    assert "Large" not in stranger.get("/automations").text
    for path in ("/automations/1", "/automations/1/edit", "/automations/1/test"):
        assert stranger.get(path).status_code == 404, path
    for act in ("", "/switch", "/delete"):
        assert stranger.act("/account", f"/automations/1{act}", **form()).status_code == 404, act


def test_what_each_action_does_is_known_to_those_who_translate() -> None:
    assert {action.told for action in actions.all_actions().values()} - {"Tests."} == set(TOLD)
