"""Schedules over HTTP: made, seen, changed, paused, run now, deleted."""

from datetime import UTC, datetime

from domain.schedules import registration, waking
from tests import chain
from tests.integration.schedules.conftest import PICKY, SCHEDULES


def test_a_schedule_is_shown_with_its_next_slot_and_its_meaning(schedules):
    answer = schedules.client.post(SCHEDULES, schedules.body(cron="0 9  L * *", timeZone="Europe/Sofia"))
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{SCHEDULES}/{answer.json['id']}"
    shown = schedules.client.get(answer.headers["Location"]).json
    assert shown == answer.json
    assert shown["meaning"] == "At 09:00 on the last day of every month (Europe/Sofia)"
    assert (shown["cron"], shown["everySeconds"], shown["catchUp"]) == ("0 9 L * *", None, "once")
    assert (shown["enabled"], shown["declared"], shown["lastSlot"]) == (True, False, None)
    assert datetime.fromisoformat(shown["nextAt"]).astimezone(UTC).hour in (6, 7)
    assert [one["id"] for one in schedules.client.get(SCHEDULES).json] == [shown["id"]]


REFUSALS = (
    ({"cron": "0 0 30 2 *"}, "cron", "names a day that its months never have"),
    ({"cron": "0 25 * * *"}, "cron", "cannot be read: bad hour"),
    ({"cron": "* * * * * *"}, "cron", "must have five fields: minute, hour, day of the month, month, day of the week"),
    ({"cron": "0 0 * * *", "everySeconds": 60}, "cron", "does not go together with everySeconds: send one of them"),
    ({"everySeconds": 59}, "everySeconds", "must be from 60 to 31622400"),
    ({"everySeconds": None}, "cron", "is required, or everySeconds"),
    ({"timeZone": "Europe/Atlantis"}, "timeZone", "must be an IANA time zone such as Europe/Sofia"),
    ({"timeZone": "../../etc/passwd"}, "timeZone", "must be an IANA time zone such as Europe/Sofia"),
    ({"catchUp": "often"}, "catchUp", "must be one of: skip, once, all"),
    ({"payload": []}, "payload", "must be an object"),
    ({"name": " "}, "name", "must have something that can be seen"),
)


def test_what_is_wrong_is_refused_by_name(schedules):
    for terms, field, message in REFUSALS:
        answer = schedules.client.post(SCHEDULES, schedules.body(**terms))
        assert (answer.status_code, answer.json["errors"].get(field)) == (400, [message]), (terms, answer.json)
    assert chain.value("SELECT count(*) FROM schedules") == 0


def test_a_type_that_cannot_be_submitted_and_a_payload_that_does_not_fit_are_refused(schedules):
    answer = schedules.client.post(SCHEDULES, schedules.body(type="invoice.generate"))
    assert (answer.status_code, "type" in answer.json["errors"]) == (400, True)
    answer = schedules.client.post(SCHEDULES, schedules.body(type="accounting.recreate"))
    assert answer.json["errors"] == {"payload.documents": ["is required"]}


def test_an_organization_has_a_bounded_number(schedules, monkeypatch):
    monkeypatch.setattr(registration, "MAX_SCHEDULES", 2)
    for _ in range(2):
        schedules.create()
    answer = schedules.client.post(SCHEDULES, schedules.body())
    assert (answer.status_code, "2 schedules at the most" in answer.json["detail"]) == (409, True)


def test_a_change_of_the_name_leaves_the_next_slot_as_it_was(schedules):
    made = schedules.create(everySeconds=3600)
    schedules.fall_due(made)
    before = schedules.show(made)["nextAt"]
    renamed = schedules.client.put(f"{SCHEDULES}/{made}", schedules.body(everySeconds=3600, name="Other"))
    assert (renamed.json["name"], renamed.json["nextAt"]) == ("Other", before)
    moved = schedules.client.put(f"{SCHEDULES}/{made}", schedules.body(everySeconds=7200))
    assert moved.json["nextAt"] > before
    off = schedules.client.put(f"{SCHEDULES}/{made}", schedules.body(everySeconds=7200, enabled=False))
    assert (off.json["enabled"], off.json["nextAt"]) == (False, None)


def test_a_schedule_is_run_now_once_for_a_key_and_its_slots_stay(schedules):
    made = schedules.create(payload={"n": 1})
    before = schedules.show(made)["nextAt"]
    path, key = f"{SCHEDULES}/{made}/run", {"Idempotency-Key": "now"}
    answers = [schedules.client.post(path, headers=key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json == answers[1].json
    assert chain.rows("SELECT payload FROM jobs") == [({"n": 1},)]
    assert schedules.show(made)["nextAt"] == before
    refused = schedules.client.post(f"{SCHEDULES}/{schedules.create(type=PICKY)}/run")
    assert (refused.status_code, refused.json["detail"]) == (409, "the cupboard is bare")


def test_a_schedule_is_paused_and_resumed_and_to_do_it_twice_changes_nothing(schedules):
    made = schedules.create()
    for _ in range(2):
        paused = schedules.client.post(f"{SCHEDULES}/{made}/pause").json
        assert (paused["enabled"], paused["nextAt"]) == (False, None)
    resumed = [schedules.client.post(f"{SCHEDULES}/{made}/resume").json["nextAt"] for _ in range(2)]
    assert resumed[0] == resumed[1] is not None


def test_a_deleted_schedule_is_gone_and_its_jobs_stay(schedules):
    made = schedules.create()
    schedules.fall_due()
    waking.wake()
    assert schedules.client.delete(f"{SCHEDULES}/{made}").status_code == 204
    assert schedules.client.get(f"{SCHEDULES}/{made}").status_code == 404
    assert (schedules.slots(), schedules.jobs()) == ([], 1)


def test_a_fraction_in_a_payload_is_kept(schedules):
    assert schedules.show(schedules.create(payload={"n": 1.5}))["payload"] == {"n": 1.5}
