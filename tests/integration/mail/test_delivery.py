"""What a relay can do to a mail, and what its sender is told."""

import pytest

from domain.jobs.execution import run_jobs
from domain.jobs.registry import find
from domain.mail import schedule
from domain.mail.sending import KIND
from tests import chain
from tests.caller import Caller
from tests.conftest import configure
from tests.integration.mail.relays import Relay
from tests.integration.mail.test_api_mail import MAILS, NOTE, shown

ADA, BOB, EVE = "ada@example.com", "bob@example.com", "eve@example.com"
CLAIM = """UPDATE open_jobs SET status = 'PROCESSING', attempts = 1, started_at = clock_timestamp(),
    lease_token = gen_random_uuid(), lease_expires_at = clock_timestamp() + interval '1 minute'"""
JOBS = "SELECT status, attempts FROM jobs WHERE kind = 'mail.send' ORDER BY id"


@pytest.fixture
def mail(client: Caller) -> dict:
    """A mail to three, accepted."""
    return client.post(MAILS, NOTE | {"to": [ADA, BOB, EVE]}).json


def by_address(mail: dict, name: str) -> dict[str, object]:
    return {one["address"]: one[name] for one in mail["recipients"]}


def test_each_recipient_is_tried_until_it_is_taken_or_refused_and_never_again(
    client: Caller, mail: dict, relay: Relay
) -> None:
    relay.answers = {BOB: "550 5.1.1 no such user", EVE: "451 4.7.1 come again"}
    chain.run_waiting(KIND)
    first = shown(client, mail)
    assert (first["status"], first["error"]) == ("queued", "the relay answered 451 4.7.1 come again")
    assert by_address(first, "status") == {ADA: "sent", BOB: "refused", EVE: "queued"}
    assert by_address(first, "answer")[EVE] == "4.7.1 come again"
    assert first["nextAttemptAt"] is not None
    chain.run_waiting(KIND)
    assert relay.asked == [ADA, BOB, EVE], "it was sent again before its time"
    relay.answers = {}
    chain.time_passes()
    chain.run_waiting(KIND)
    assert relay.asked == [ADA, BOB, EVE, EVE]
    assert [recipients for recipients, _ in relay.taken] == [[ADA], [EVE]]
    assert {message["message-id"] for message in relay.messages} == {mail["messageId"]}
    last = shown(client, mail)
    assert (last["status"], by_address(last, "status")[EVE]) == ("refused", "sent")
    assert last["error"] == "the relay answered 550 5.1.1 no such user"


def test_a_mail_that_may_have_been_taken_comes_again_under_the_same_id(
    client: Caller, mail: dict, relay: Relay
) -> None:
    relay.hangs_up = True
    chain.run_waiting(KIND)
    assert shown(client, mail)["error"] == "the relay closed the connection"
    relay.hangs_up = False
    chain.time_passes()
    chain.run_waiting(KIND)
    assert [message["message-id"] for message in relay.messages] == [mail["messageId"]] * 2
    assert relay.messages[0].as_bytes() == relay.messages[1].as_bytes()
    assert shown(client, mail)["status"] == "sent"


def test_what_is_refused_as_a_whole_is_refused_for_all(client: Caller, mail: dict, relay: Relay) -> None:
    relay.final = "554 5.7.1 spam"
    chain.run_waiting(KIND)
    refused = shown(client, mail)
    assert (refused["status"], set(by_address(refused, "code").values())) == ("refused", {554})
    assert chain.rows(JOBS) == [("FAILED", 1)]
    assert relay.taken == []


def test_a_mail_is_given_up_after_a_day_and_can_be_sent_again(client: Caller, mail: dict, relay: Relay) -> None:
    there, away = relay.url(), "smtp://127.0.0.1:1"
    configure(smtp_url=away)
    for _ in range(schedule.MAX_ATTEMPTS):
        assert shown(client, mail)["status"] == "queued"
        chain.run_waiting(KIND)
        chain.time_passes()
    given_up = shown(client, mail)
    assert (given_up["status"], given_up["error"]) == ("failed", "connection refused")
    assert set(by_address(given_up, "status").values()) == {"failed"}
    assert chain.rows(JOBS) == [("FAILED", schedule.MAX_ATTEMPTS)]
    configure(smtp_url=there)
    again = client.post(f"{MAILS}/{mail['id']}/retry")
    assert (again.status_code, again.json["status"], again.json["error"]) == (202, "queued", None)
    chain.run_waiting(KIND)
    assert [message["message-id"] for message in relay.messages] == [mail["messageId"]]
    assert shown(client, mail)["status"] == "sent"
    assert client.post(f"{MAILS}/{mail['id']}/retry").status_code == 409


def test_a_retry_sends_to_those_who_have_not_got_it(client: Caller, mail: dict, relay: Relay) -> None:
    relay.answers = {BOB: "550 5.1.1 no such user"}
    chain.run_waiting(KIND)
    relay.answers = {}
    client.post(f"{MAILS}/{mail['id']}/retry")
    chain.run_waiting(KIND)
    assert [recipients for recipients, _ in relay.taken] == [[ADA, EVE], [BOB]]
    assert shown(client, mail)["status"] == "sent"


def test_a_mail_that_waits_can_be_sent_now_and_one_on_its_way_cannot(client: Caller, mail: dict, relay: Relay) -> None:
    relay.final = "451 come again"
    chain.run_waiting(KIND)
    relay.final = "250 OK"
    assert client.post(f"{MAILS}/{mail['id']}/retry").status_code == 202
    chain.run_waiting(KIND)
    assert len(relay.taken) == 1


def test_a_mail_that_is_being_sent_is_not_sent_beside_that(client: Caller, mail: dict) -> None:
    chain.ask("DELETE FROM outbox")
    chain.ask(CLAIM)
    assert client.post(f"{MAILS}/{mail['id']}/retry").json["detail"] == "the mail is being sent"


def test_a_mail_that_was_owed_anew_is_not_sent_by_its_older_job_too(client: Caller, mail: dict, relay: Relay) -> None:
    chain.ask("UPDATE open_jobs SET max_attempts = 1")
    relay.answers = dict.fromkeys((ADA, BOB, EVE), "451 4.7.1 come again")
    chain.run_waiting(KIND)
    anew = client.post(f"{MAILS}/{mail['id']}/retry").json
    assert client.post(f"/api/v1/jobs/{mail['jobId']}/retry").status_code == 200
    relay.asked.clear()
    run_jobs(find(KIND), [mail["jobId"]])
    assert (relay.asked, shown(client, mail)["jobId"]) == ([], anew["jobId"])
    chain.run_waiting(KIND)
    assert relay.asked == [ADA, BOB, EVE]


def test_an_io_part_without_a_relay_says_what_it_lacks(client: Caller, mail: dict) -> None:
    configure(smtp_url="")
    chain.run_waiting(KIND)
    assert "COUNTERFOIL_SMTP_URL" in shown(client, mail)["error"]
    assert shown(client, mail)["status"] == "queued"


def test_who_asked_for_events_is_told(client: Caller, mail: dict, relay: Relay) -> None:
    client.get("/api/v1/events")
    relay.answers = {BOB: "550 5.1.1 no such user"}
    client.post(MAILS, NOTE)
    chain.run_waiting(KIND)
    chain.run_waiting("events.sequence")
    told = {event["type"]: event["data"] for event in client.get("/api/v1/events?type=mail.*").json}
    assert told.keys() == {"mail.sent", "mail.refused"}
    assert (told["mail.refused"]["mailId"], told["mail.refused"]["refused"]) == (mail["id"], [BOB])


def test_no_more_runs_than_places_talk_to_the_relay(client: Caller, mail: dict, relay: Relay, monkeypatch) -> None:
    from domain.mail import delivery
    from domain.shares import Shares

    monkeypatch.setattr(delivery, "connections", lambda: full)
    full = Shares(1)
    give_back = full.take(999)
    chain.run_waiting(KIND)
    assert (relay.taken, chain.rows(JOBS)) == ([], [("PENDING", 0)])
    give_back()
    chain.time_passes()
    chain.run_waiting(KIND)
    assert len(relay.taken) == 1
