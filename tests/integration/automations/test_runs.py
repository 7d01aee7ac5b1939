"""An automation fires once for an event, does what it says once, and stops with a word."""

from itertools import pairwise

import pytest

from db import queries
from db.transaction import transaction
from domain.automations import actions, health
from domain.automations.actions import Action
from domain.automations.triggering import KIND
from domain.events.telling import News, owe_sequence, tell
from domain.identity.quotas import OverQuota
from domain.jobs.admission import TooManyWaiting
from domain.jobs.submission import enqueue
from domain.schedules import waking
from tasks.app import cleanup
from tests import chain
from tests.integration.automations.conftest import AUTOMATIONS, NOTE, number, told, work

CREATE_JOB = {"do": "create_job", "type": NOTE, "payload": {"transfer": "{{data.transferId}}", "as": "{{event.type}}"}}
LARGE = [{"field": "total", "op": "atLeast", "value": 1000}]
STORM = 100
NOTED = {"do": "add_note", "text": "{{slot}}"}


def test_an_event_has_its_actions_done_with_what_it_says(automations):
    made = automations.create(CREATE_JOB, {"do": "add_note", "text": "{{data.transferNumber}}, {{event.sequence}}"})
    automations.sent(7)
    [run] = automations.runs(made)
    [job] = chain.rows("SELECT id, payload FROM jobs WHERE kind = %s", NOTE)
    assert job[1] == {"transfer": 7, "as": "transfer.sent"}
    assert told(run) == [("create_job", "done", {"jobId": job[0]}), ("add_note", "done", {"note": "TR-7, 1"})]
    assert (run["status"], run["version"], run["depth"], run["error"]) == ("succeeded", 1, 1, None)
    [event] = automations.client.get("/api/v1/events").json
    assert run["event"] == {"id": event["id"], "sequence": 1}
    payload = chain.value("SELECT payload FROM jobs WHERE kind = %s", KIND)
    assert payload == {
        "tenantId": automations.organization_id, "tenantUserId": automations.show(made)["owner"],
        "automationId": made, "eventId": event["id"], "runId": run["id"],
    }  # fmt: skip


def test_other_events_and_those_for_which_its_conditions_do_not_hold_start_nothing(automations):
    conditions = [{"field": "transferNumber", "op": "contains", "value": "8"}]
    made = automations.create(conditions=conditions)
    automations.tell({"saleId": 8, "saleNumber": "TR-8", "jobId": 1}, event="sale.completed")
    automations.sent(6, 7, 8)
    [run] = automations.runs(made)
    assert told(run) == [("add_note", "done", {"note": "TR-8"})]
    assert chain.value("SELECT count(*) FROM jobs WHERE kind = %s", KIND) == 1


def test_events_from_before_it_was_made_start_nothing(automations):
    first = automations.create()
    automations.tell({"transferId": 1, "transferNumber": "TR-1", "jobId": 1})
    second = automations.create()
    work()
    assert (automations.statuses(first), automations.statuses(second)) == (["succeeded"], [])


@pytest.mark.parametrize(("repeat", "fired"), [(False, 3), (True, 5)])
def test_it_fires_when_its_conditions_become_true_by_the_event_before_of_the_same_subject(automations, repeat, fired):
    body = {"event": "invoice.issued", "conditions": LARGE, "repeat": repeat}
    made = automations.create({"do": "add_note", "text": "{{data.total}}"}, **body)
    for batch in ([(1, 900)], [(1, 1000), (1, 1200), (2, 5000)], [(1, 1300)], [(1, 100), (1, 2000)]):
        automations.tell(*({"invoiceId": one, "total": total} for one, total in batch), event="invoice.issued")
        work()
    notes = [run["actions"][0]["result"]["note"] for run in automations.runs(made)][::-1]
    assert notes == (["1000", "5000", "2000"] if not repeat else ["1000", "1200", "5000", "1300", "2000"])
    assert len(notes) == fired


def test_without_conditions_it_fires_for_each_event(automations):
    made = automations.create()
    automations.sent(7)
    automations.sent(7)
    assert automations.statuses(made) == ["succeeded"] * 2


def test_a_changed_automation_forgets_for_what_its_conditions_held(automations):
    body = {"event": "invoice.issued", "conditions": LARGE, "actions": [{"do": "add_note", "text": "!"}]}
    made = automations.create(**body)
    for _ in range(2):
        automations.tell({"invoiceId": 1, "total": 2000}, event="invoice.issued")
        automations.client.put(f"{AUTOMATIONS}/{made}", automations.body(**body))
    assert [run["version"] for run in automations.runs(made)] == [2, 1]


def test_a_storm_of_events_costs_one_run_each_and_a_bounded_number_of_statements(automations, monkeypatch):
    made = [automations.create() for _ in range(2)]
    names: list[str] = []
    execute = queries._execute
    monkeypatch.setattr(
        queries, "_execute", lambda line, name, *rest: (names.append(name), execute(line, name, *rest))[1]
    )
    automations.tell(*({"transferId": one, "transferNumber": f"TR-{one}", "jobId": one} for one in range(STORM)))
    spent = names[names.index("lock_stream") : names.index("complete")]
    assert spent == ["lock_stream", "mark_caused", "sequence_events", "draw_runs", "enqueue", "create_runs"]
    work()
    for one in made:
        assert (
            chain.value("SELECT count(DISTINCT sequence) FROM automation_runs WHERE automation_id = %s", one) == STORM
        )
    assert chain.value("SELECT count(*) FROM automation_runs WHERE status = 'succeeded'") == 2 * STORM


def test_two_automations_that_cause_each_other_stop_with_a_word(automations):
    first = automations.create(tells("transfer.completed"), event="transfer.sent")
    second = automations.create(tells("transfer.sent"), event="transfer.completed")
    settle(automations)
    assert (automations.statuses(first), automations.statuses(second)) == (["succeeded", "stopped"], ["succeeded"])
    stopped = automations.runs(first)[0]
    told_of = f"stopped: this automation led to the event itself, by way of automation {first}, automation {second}"
    assert (stopped["error"], stopped["depth"], stopped["jobId"]) == (told_of, 3, None)
    assert [one["status"] for one in stopped["actions"]] == ["skipped"]
    assert automations.show(first)["failures"] == 0


def test_three_deep_is_the_end(automations):
    types = ("transfer.sent", "transfer.completed", "sale.completed", "purchase.approved", "job.cancelled")
    made = [automations.create(tells(after), event=before) for before, after in pairwise(types)]
    settle(automations)
    assert [automations.statuses(one) for one in made] == [["succeeded"]] * 3 + [["stopped"]]
    assert automations.runs(made[3])[0]["error"].startswith(
        "stopped: 3 automations led to the event, one after the other"
    )
    causes = [
        event["data"].get("causedBy", {}).get("depth", 0) for event in automations.client.get("/api/v1/events").json
    ]
    assert causes == [0, 1, 2, 3]


def test_what_a_job_of_an_automation_tells_of_is_caused_by_it(automations):
    made = automations.create(CREATE_JOB)
    other = automations.create({"do": "add_note", "text": "{{data.error}}"}, event="job.failed")
    automations.sent(7)
    [(job_id,)] = chain.rows("SELECT id FROM jobs WHERE kind = %s", NOTE)
    automations.tell({"jobId": job_id, "kind": NOTE, "error": "broken"}, event="job.failed")
    work()
    [run] = automations.runs(other)
    assert run["depth"] == 2
    [*_, event] = automations.client.get("/api/v1/events").json
    cause = automations.runs(made)[0]
    assert event["data"]["causedBy"] == {"automationId": made, "runId": cause["id"], "depth": 1, "chain": [made]}


def test_a_job_that_fails_again_is_not_retried_for_ever(automations):
    made = automations.create({"do": "retry_job", "jobId": "{{data.jobId}}"}, event="job.failed")
    [job_id] = failed_jobs(automations, 1)
    number()
    work()
    assert chain.value("SELECT status FROM jobs WHERE id = %s", job_id) == "PENDING"
    fail(job_id)
    number()
    work()
    assert automations.statuses(made) == ["succeeded", "stopped"]
    assert chain.value("SELECT status FROM jobs WHERE id = %s", job_id) == "FAILED"


def test_an_action_that_is_refused_ends_the_run_and_leaves_what_was_done(automations):
    made = automations.create(CREATE_JOB, {"do": "refuse"}, {"do": "add_note", "text": "never"})
    automations.sent(7)
    [run] = automations.runs(made)
    assert [status for _, status, _ in told(run)] == ["done", "failed", "skipped"]
    assert (run["status"], run["error"]) == ("failed", "the cupboard is bare")
    assert chain.value("SELECT count(*) FROM jobs WHERE kind = %s", NOTE) == 1
    assert automations.show(made)["failures"] == 1


def test_what_breaks_is_undone_tried_again_and_fails_in_the_end(automations):
    made = automations.create(CREATE_JOB, {"do": "stumble"})
    neighbour = automations.create()
    automations.sent(7)
    assert automations.statuses(neighbour) == ["succeeded"]
    for _ in range(2):
        assert automations.statuses(made) == ["pending"]
        assert chain.value("SELECT count(*) FROM jobs WHERE kind = %s", NOTE) == 0, "half of a run was committed"
        chain.time_passes()
        work()
    assert (automations.runs(made)[0]["status"], automations.runs(made)[0]["error"]) == ("failed", "ValueError: a bug")
    assert chain.value("SELECT count(*) FROM jobs WHERE kind = %s AND status = 'COMPLETED'", KIND) == 2


def test_a_full_queue_is_waited_for_and_a_quota_that_is_used_up_is_a_refusal(automations, monkeypatch):
    trouble = [TooManyWaiting(limit=1, own=True, pause=60), OverQuota("mails-per-day", "no mail more today")]

    def exceed(*_):
        raise trouble.pop(0)

    monkeypatch.setitem(actions.all_actions(), "exceed", Action("exceed", "", "jobs:create", {}, exceed))
    made = automations.create({"do": "exceed"})
    automations.sent(7)
    assert automations.statuses(made) == ["pending"]
    assert chain.rows("SELECT attempts FROM jobs WHERE kind = %s AND available_at > clock_timestamp()", KIND) == [(0,)]
    chain.time_passes()
    work()
    assert told(automations.runs(made)[0]) == [("exceed", "failed", "no mail more today")]


def test_ten_failures_in_a_row_disable_it_with_an_event(automations):
    made = automations.create({"do": "refuse"})
    automations.sent(*range(health.MAX_FAILURES - 1))
    assert automations.show(made)["enabled"]
    automations.sent(99)
    number()
    shown = automations.show(made)
    assert (shown["enabled"], shown["failures"], shown["disabledReason"]) == (False, 10, "10 runs failed in a row")
    [event] = automations.client.get("/api/v1/events?type=automation.disabled").json
    assert event["data"] == {"automationId": made, "reason": "10 runs failed in a row"}
    automations.sent(100)
    assert len(automations.runs(made)) == health.MAX_FAILURES
    again = automations.client.put(f"{AUTOMATIONS}/{made}", automations.body()).json
    assert (again["enabled"], again["failures"], again["disabledReason"], again["version"]) == (True, 0, None, 2)


def test_a_success_between_begins_the_count_anew(automations, monkeypatch):
    made = automations.create({"do": "refuse"})
    automations.sent(*range(9))
    with monkeypatch.context() as willing:
        willing.setitem(actions.all_actions(), "refuse", Action("refuse", "", "jobs:create", {}, lambda *_: {}))
        automations.sent(50)
    automations.sent(*range(60, 69))
    assert (automations.show(made)["failures"], automations.show(made)["enabled"]) == (9, True)


@pytest.mark.parametrize("act", ["delete", "disable"])
def test_what_waits_does_nothing_once_its_automation_is_gone(automations, act):
    made = automations.create(CREATE_JOB)
    automations.tell({"transferId": 7, "transferNumber": "TR-7", "jobId": 1})
    if act == "delete":
        assert automations.client.delete(f"{AUTOMATIONS}/{made}").status_code == 204
    else:
        automations.client.put(f"{AUTOMATIONS}/{made}", automations.body(enabled=False))
    work()
    assert chain.value("SELECT count(*) FROM jobs WHERE kind = %s", NOTE) == 0
    assert chain.value("SELECT status FROM jobs WHERE kind = %s", KIND) == "COMPLETED"
    assert act == "delete" or automations.statuses(made) == ["stopped"]


def test_a_run_does_what_its_automation_said_when_the_event_came(automations):
    made = automations.create(CREATE_JOB)
    automations.tell({"transferId": 7, "transferNumber": "TR-7", "jobId": 1})
    automations.client.put(f"{AUTOMATIONS}/{made}", automations.body())
    work()
    assert [do for do, _, _ in told(automations.runs(made)[0])] == ["create_job"]


def test_a_cron_trigger_has_one_run_a_slot(automations):
    trigger = {"cron": "0 3 * * *", "timeZone": "Europe/Sofia"}
    made = automations.create(NOTED, trigger=trigger)
    shown = automations.show(made)["trigger"]
    assert (shown["event"], shown["meaning"]) == (None, "At 03:00 every day (Europe/Sofia)")
    chain.ask("UPDATE schedules SET next_at = next_at - interval '1 day'")
    for _ in range(2):
        waking.wake()
        work()
    [run] = automations.runs(made)
    assert (run["status"], run["event"]) == ("succeeded", None)
    assert run["actions"][0]["result"]["note"][:16] == run["slot"][:16]
    assert automations.client.get("/api/v1/schedules").json == []
    automations.client.put(f"{AUTOMATIONS}/{made}", automations.body(trigger=trigger, actions=[NOTED], enabled=False))
    assert automations.show(made)["trigger"]["nextAt"] is None
    automations.client.put(f"{AUTOMATIONS}/{made}", automations.body())
    assert chain.value("SELECT count(*) FROM schedules") == 0


def test_an_organization_without_automations_pays_no_statement_for_them(automations, statements):
    made = automations.create()
    automations.client.delete(f"{AUTOMATIONS}/{made}")
    statements.clear()
    automations.tell({"transferId": 7, "transferNumber": "TR-7", "jobId": 1})
    assert not [one for one in statements if "automation_" in one]


def test_runs_are_kept_as_long_as_events(automations):
    made = automations.create(CREATE_JOB, conditions=[{"field": "transferId", "op": "is", "value": 7}])
    automations.sent(7)
    tables = ("automation_runs", "automation_jobs", "automation_subjects")
    assert [chain.value(f"SELECT count(*) FROM {table}") for table in tables] == [1, 1, 1]
    for table in tables:
        chain.ask(f"UPDATE {table} SET created_at = created_at - interval '31 days'")
    cleanup()
    assert [chain.value(f"SELECT count(*) FROM {table}") for table in tables] == [0, 0, 0]
    assert automations.runs(made) == []


def tells(event: str) -> dict[str, str]:
    return {"do": "tell", "event": event}


@pytest.fixture(autouse=True)
def tell_action(monkeypatch):
    """An action that makes a change of which an event tells."""

    def perform(acting, parameters):
        subject = {f"{noun}{end}": 1 for noun in ("transfer", "sale", "purchase") for end in ("Id", "Number")}
        tell(acting.session, acting.organization_id, [News(parameters["event"], subject)])
        return {}

    monkeypatch.setitem(actions.all_actions(), "tell", Action("tell", "", "jobs:create", {"type": "object"}, perform))


def settle(automations) -> None:
    """Tell of a transfer, and go on until nothing follows from it any more."""
    automations.sent(1)
    for _ in range(8):
        number()
        work()


def failed_jobs(automations, count: int) -> list[int]:
    with transaction() as session:
        ids = enqueue(session, automations.organization_id, NOTE, [("", {})] * count)
    for one in ids:
        fail(one)
    return ids


def fail(job_id: int) -> None:
    chain.ask("DELETE FROM outbox WHERE job_id = %s", job_id)
    chain.ask(
        "UPDATE open_jobs SET status = 'FAILED', error = 'broken', completed_at = clock_timestamp() WHERE id = %s",
        job_id,
    )
    with transaction() as session:
        owe_sequence(session, chain.value("SELECT organization_id FROM jobs WHERE id = %s", job_id))
