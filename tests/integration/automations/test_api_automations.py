"""Automations over HTTP: made, seen, changed, deleted, and refused by name."""

from domain.automations import registration
from domain.automations.actions import all_actions
from domain.automations.catalogue import TRIGGERS
from domain.events.types import ALIASES
from tests import chain
from tests.integration.automations.conftest import ADD_NOTE, AUTOMATIONS, NOTE

CONDITION = {"field": "transferNumber", "op": "is", "value": "TR-1"}


def test_an_automation_is_shown_as_it_was_made(automations):
    answer = automations.client.post(AUTOMATIONS, automations.body(conditions=[CONDITION]))
    assert answer.status_code == 201
    shown = automations.client.get(answer.headers["Location"]).json
    assert shown == answer.json
    assert {name: shown[name] for name in ("version", "conditions", "actions", "repeat", "enabled", "failures")} == {
        "version": 1, "conditions": {"all": [CONDITION]}, "actions": [ADD_NOTE], "repeat": False, "enabled": True,
        "failures": 0,
    }  # fmt: skip
    trigger = {"event": "transfer.sent", "cron": None, "timeZone": None, "meaning": None, "nextAt": None}
    assert shown["trigger"] == trigger
    assert [one["id"] for one in automations.client.get(AUTOMATIONS).json] == [shown["id"]]


def test_a_change_counts_its_version_up_and_a_deleted_one_is_gone(automations):
    made = automations.create()
    path = f"{AUTOMATIONS}/{made}"
    changed = automations.client.put(path, automations.body(name="Other", enabled=False)).json
    assert (changed["name"], changed["version"], changed["enabled"]) == ("Other", 2, False)
    automations.create()
    assert automations.client.delete(path).status_code == 204
    assert automations.client.get(path).status_code == 404
    assert automations.client.get(f"{path}/runs").status_code == 404
    assert chain.value("SELECT automated FROM event_streams"), "there is another one"


def test_another_name_of_a_type_of_event_is_taken_and_shown_as_that_type(automations):
    for other, name in ALIASES.items():
        body = automations.body(trigger={"event": other}, actions=NOTE_X)
        answer = automations.client.post(AUTOMATIONS, body)
        assert (answer.status_code, answer.json.get("trigger", {}).get("event")) == (201, name), answer.json


NOTE_X = [{"do": "add_note", "text": "x"}]
UNKNOWN = "has placeholders that stand for nothing: "
NO_ID = {"documents": [{"type": "invoice"}]}
TEXT_AS_ID = {"do": "retry_job", "jobId": "{{data.transferNumber}}"}
BILL = {"do": "approve_bill", "billId": "bill {{data.transferId}}"}
MAIL = {"do": "send_mail", "to": ["ada@example.com"], "subject": "Sent", "text": "x"}
NUL = {**CONDITION, "value": "a\0b"}
REFUSED = (
    ({"trigger": {"event": "transfer.lost"}}, "trigger.event", "must be one of: invoice.issued, "),
    ({"trigger": {"event": "webhook.pinged"}}, "trigger.event", "must be one of: invoice.issued, "),
    ({"trigger": {}}, "trigger.event", "is required, or cron: one of them"),
    ({"trigger": {"event": "job.failed", "cron": "* * * * *"}}, "trigger.event", "does not go together with cron"),
    ({"trigger": {"cron": "0 0 30 2 *"}, "actions": NOTE_X}, "trigger.cron", "names a day that"),
    ({"trigger": {"cron": "0 3 * * *", "timeZone": "X"}, "actions": NOTE_X},
     "trigger.timeZone", "must be an IANA time zone"),
    ({"trigger": {"cron": "0 3 * * *"}}, "actions[0]", f"{UNKNOWN}data.transferNumber; "),
    ({"conditions": [{**CONDITION, "field": "total"}]}, "conditions.all[0].field", "must be one of: transferId, "),
    ({"conditions": "x"}, "conditions", "must be a list or an object"),
    ({"actions": []}, "actions", "must be a list of 1 to 10 actions"),
    ({"actions": [ADD_NOTE] * 11}, "actions", "must be a list of 1 to 10 actions"),
    ({"actions": [ADD_NOTE, {"do": "drop_tables"}]}, "actions[1].do", "must be one of: add_note, approve_bill, "),
    ({"actions": ["add_note"]}, "actions[0].do", "must be one of: add_note, approve_bill, "),
    ({"actions": [{"do": "add_note"}]}, "actions[0].text", "is required"),
    ({"actions": [{**ADD_NOTE, "colour": "red"}]}, "actions[0].colour", "is not a known field"),
    ({"actions": [TEXT_AS_ID]}, "actions[0].jobId", "must be of type integer"),
    ({"actions": [BILL]}, "actions[0].billId", "must be of type integer"),
    ({"actions": [{**BILL, "billId": 2**63}]}, "actions[0].billId", "must be at most"),
    *(({"actions": [{"do": "add_note", "text": value}]}, "actions[0].text", "must be of type string")
      for value in (None, True, ["a"], {"a": 1})),
    ({"actions": [{**MAIL, "to": ["ada"]}]}, "actions[0].to", "must be an address"),
    ({"actions": [{**MAIL, "to": ["{{data.transferNumber}}"]}]}, "actions[0].to", "must be an address"),
    ({"actions": [{**MAIL, "subject": "a\nb"}]}, "actions[0].subject", "must be one line"),
    ({"actions": [{**MAIL, "text": "x" * 20_001}]}, "actions[0]", "cannot be: a parameter is longer than 20,000"),
    ({"actions": [{"do": "add_note", "text": "a\0b"}]}, "actions", "must not contain NUL"),
    ({"conditions": [NUL]}, "conditions", "must not contain NUL"),
    ({"conditions": {"any": []}}, "conditions.any", "must have at least one part"),
    ({"trigger": {"cron": "0 3 * * *"}, "actions": NOTE_X, "conditions": [CONDITION]},
     "conditions", "are for triggers by an event"),
    ({"actions": [{"do": "add_note", "text": "{{ 7*7 }}"}]}, "actions[0]", UNKNOWN + "{{; "),
    ({"actions": [{"do": "create_job", "type": "invoice.generate", "payload": {}}]}, "actions[0].type", "unknown type"),
    ({"actions": [{"do": "create_job", "type": "accounting.recreate", "payload": NO_ID}]},
     "actions[0].payload.documents[0].id", "is required"),
)  # fmt: skip


def test_what_is_wrong_is_refused_by_its_place(automations):
    for fields, place, told in REFUSED:
        answer = automations.client.post(AUTOMATIONS, automations.body(**fields))
        assert answer.status_code == 400, (fields, answer.json)
        assert [*answer.json["errors"]] == [place]
        assert answer.json["errors"][place][0].startswith(told), answer.json
    assert chain.value("SELECT count(*) FROM automations") + chain.value("SELECT count(*) FROM schedules") == 0


def test_a_number_beyond_all_is_refused(automations):
    text = b'{"name": "x", "trigger": {"event": "job.failed"}, "actions": [{"do": "create_job", "type": "%s",'
    text = text % NOTE.encode() + b' "payload": {"size": 1e400}}]}'
    answer = automations.client.send("POST", AUTOMATIONS, data=text, content_type="application/json")
    assert answer.json["errors"] == {"actions": ["must hold no NaN, and no number beyond 1e308"]}


def test_a_number_may_stand_for_a_text_and_a_schedule_has_no_conditions(automations):
    made = automations.create(
        {"do": "add_note", "text": "{{data.transferId}}"}, {**MAIL, "to": ["{{data.transferNumber}}@example.com"]}
    )
    automations.sent(7)
    [run] = automations.runs(made)
    assert run["actions"][0]["result"] == {"note": "7"}
    for conditions in ([], {"all": []}):
        assert automations.create(*NOTE_X, trigger={"cron": "0 3 * * *"}, conditions=conditions)


def test_an_organization_has_a_bounded_number(automations, monkeypatch):
    monkeypatch.setattr(registration, "MAX_AUTOMATIONS", 1)
    automations.create()
    assert automations.client.post(AUTOMATIONS, automations.body()).status_code == 409


def test_the_catalogue_has_all_that_a_form_needs(automations):
    catalogue = automations.client.get(f"{AUTOMATIONS}/catalogue").json
    assert [event["type"] for event in catalogue["events"]] == [*TRIGGERS]
    [issued] = [event for event in catalogue["events"] if event["type"] == "invoice.issued"]
    assert issued["subject"] == "invoiceId"
    assert {"name": "total", "type": "number", "ops": ["is", "isNot", "atLeast", "atMost", "in"]} in issued["fields"]
    assert {one["do"] for one in catalogue["actions"]} == set(all_actions())
    [note] = [one for one in catalogue["actions"] if one["do"] == "add_note"]
    assert note["parameters"]["required"] == ["text"]


def test_a_test_says_what_would_be_done_and_does_nothing(automations):
    made = automations.create(
        {"do": "create_job", "type": NOTE, "payload": {"transfer": "{{data.transferId}}"}}, conditions=[CONDITION]
    )
    automations.tell(*({"transferId": n, "transferNumber": f"TR-{n}", "jobId": n} for n in (1, 2)))
    first, second = (event["id"] for event in automations.client.get("/api/v1/events").json)
    before = everything()
    path = f"{AUTOMATIONS}/{made}/test"
    chain.ask("DELETE FROM automation_subjects")
    would = automations.client.post(path, {"eventId": first}).json
    assert (would["matches"], would["fires"], would["why"]) == (True, True, None)
    assert would["conditions"] == {"all": [{**CONDITION, "found": "TR-1", "holds": True}], "holds": True}
    parameters = {"type": NOTE, "payload": {"transfer": 1}}
    assert would["actions"] == [{"do": "create_job", "parameters": parameters, "error": None}]
    would = automations.client.post(path, {"eventId": second}).json
    assert (would["matches"], would["fires"], would["why"]) == (False, False, "its conditions do not hold")
    assert would["conditions"]["all"][0] == {**CONDITION, "found": "TR-2", "holds": False}
    recent = automations.client.post(path).json
    assert (recent["tested"], recent["matched"], [one["id"] for one in recent["events"]]) == (2, 1, [first])
    assert everything() == before


def test_a_test_says_that_the_conditions_held_before(automations):
    made = automations.create(conditions=[CONDITION])
    automations.sent(1)
    [event] = automations.client.get("/api/v1/events").json
    would = automations.client.post(f"{AUTOMATIONS}/{made}/test", {"eventId": event["id"]}).json
    assert (would["matches"], would["fires"]) == (True, False)
    assert would["why"].startswith("its conditions held for the event before")


def test_a_test_with_an_event_that_cannot_be_is_refused(automations):
    made = automations.create()
    automations.tell({"saleId": 1, "saleNumber": "S", "jobId": 1}, event="sale.completed")
    [event] = automations.client.get("/api/v1/events").json
    path = f"{AUTOMATIONS}/{made}/test"
    assert automations.client.post(path, {"eventId": event["id"]}).status_code == 409
    assert automations.client.post(path, {"eventId": "0b6c1d6e-6d1f-4a9c-9d0a-6a1c2f3e4d5b"}).status_code == 404
    assert automations.client.post(path, {"eventId": "x"}).status_code == 400
    timed = automations.create({"do": "add_note", "text": "x"}, trigger={"cron": "0 3 * * *"})
    assert automations.client.post(f"{AUTOMATIONS}/{timed}/test").status_code == 409


def everything() -> list[object]:
    return [
        chain.value(f"SELECT count(*) FROM {table}")
        for table in ("jobs", "automation_runs", "automation_jobs", "events")
    ]
