"""What is delivered, how it is signed, and what becomes of what is not."""

import json
import socket
import threading
from collections.abc import Callable

import pytest

from db.transaction import transaction
from domain import encryption, master_keys
from domain.jobs.execution import run_jobs
from domain.jobs.registry import find
from domain.shares import Shares
from domain.webhooks import registration, schedule, sending, signatures
from tests import bodies, chain
from tests.caller import Caller
from tests.conftest import configure
from tests.integration.gateways.receivers import OK, Server, answering, closing, serving
from tests.integration.webhooks.hook import FAILING, GONE, JOBS, MOVED, WRONG, Hook, deliver, number, time_passes
from tests.tenant import Tenant
from tests.waiting import wait_until

Make = Callable[..., Hook]


def parsed(request: bytes) -> tuple[dict[str, str], bytes]:
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")[1:]
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}, body


def test_an_event_arrives_signed_as_the_feed_shows_it(hook: Make, client: Caller, organization: Tenant) -> None:
    with serving(answering()) as receiver:
        made = hook(receiver.url(), "invoice.*", headers={"Authorization": "Bearer 12345"})
        client.post("/api/v1/invoices/generate", bodies.invoice(organization.supplier_id))
        deliver()
    [request] = receiver.requests
    headers, body = parsed(request)
    [event] = client.get("/api/v1/events").json
    assert json.loads(body) == event
    assert (event["type"], event["sequence"], headers["webhook-id"]) == ("invoice.issued", 1, event["id"])
    assert (headers["authorization"], headers["content-type"]) == ("Bearer 12345", "application/json")
    signatures.verify(made.secret, headers, body, int(headers["webhook-timestamp"]))
    [delivery] = made.deliveries()
    assert delivery["status"] == "delivered"
    assert delivery["event"] == {"id": event["id"], "type": "invoice.issued", "sequence": 1}
    [attempt] = delivery["attempts"]
    assert (attempt["statusCode"], attempt["error"], attempt["responseBody"]) == (200, None, "ok")
    assert (delivery["deliveredAt"] is not None, delivery["nextAttemptAt"]) == (True, None)


def test_an_event_goes_to_who_asks_for_its_type_and_to_nobody_else(
    hook: Make, client: Caller, organization: Tenant, stranger: Caller
) -> None:
    with serving(answering()) as receiver:
        made = {types: hook(receiver.url(path=f"/{types}"), types) for types in ("*", "invoice.*", "transfer.*")}
        disabled = hook(receiver.url(path="/disabled"), "*", enabled=False)
        Hook.create(stranger, receiver.url(path="/stranger"), "*")
        client.post("/api/v1/invoices/generate", bodies.invoice(organization.supplier_id))
        deliver()
    assert {request.split()[1] for request in receiver.requests} == {b"/*", b"/invoice.*"}
    assert [len(one.deliveries()) for one in (*made.values(), disabled)] == [1, 1, 0, 0]


def test_a_ping_goes_to_the_webhook_that_was_pinged_whatever_it_asks_for(hook: Make, client: Caller) -> None:
    with serving(answering()) as receiver:
        made = hook(receiver.url(path="/one"), "invoice.*")
        hook(receiver.url(path="/other"), "*")
        made.ping()
        deliver()
    assert [request.split()[1] for request in receiver.requests] == [b"/one"]
    assert client.get("/api/v1/events").json[0]["data"] == {"webhookId": made.shown["id"]}


@pytest.mark.parametrize(
    ("answer", "status", "error"),
    [
        (FAILING, 500, "answered 500"),
        (WRONG, 400, "answered 400"),
        (MOVED, 301, "a redirect, which is not followed"),
    ],
)
def test_a_failure_is_kept_with_its_reason_and_tried_again(hook: Make, answer: bytes, status: int, error: str) -> None:
    with serving(closing(answer)) as receiver:
        made = hook(receiver.url())
        made.ping()
        deliver()
        [delivery] = made.deliveries()
        assert (delivery["status"], delivery["attempts"][0]["statusCode"]) == ("pending", status)
        assert error in delivery["attempts"][0]["error"]
        assert error in delivery["error"]
        assert delivery["nextAttemptAt"] is not None
        time_passes()
        deliver()
    assert len(receiver.requests) == len(made.deliveries()[0]["attempts"]) == 2
    ids = {parsed(request)[0]["webhook-id"] for request in receiver.requests}
    assert len(ids) == 1, "a receiver cannot tell that it has had this event"


def test_after_the_last_attempt_a_delivery_has_failed_and_its_owner_sends_it_again(hook: Make, client: Caller) -> None:
    with serving(closing(FAILING)) as receiver:
        made = hook(receiver.url())
        made.ping()
        for _ in range(schedule.MAX_ATTEMPTS):
            deliver()
            time_passes()
        [failed] = made.deliveries("?status=failed")
        assert (failed["nextAttemptAt"], len(failed["attempts"])) == (None, schedule.MAX_ATTEMPTS)
    with serving(answering()) as receiver:
        made.change(url=receiver.url())
        anew = client.post(f"/api/v1/webhook-deliveries/{failed['id']}/retry")
        assert (anew.status_code, anew.json["status"]) == (202, "pending")
        again = client.post(f"/api/v1/webhook-deliveries/{anew.json['id']}/retry")
        assert (again.status_code, again.json["id"]) == (202, anew.json["id"]), "it waits, and is sent once"
        deliver()
    assert client.get(anew.headers["Location"]).json["status"] == "delivered"
    assert parsed(receiver.requests[0])[0]["webhook-id"] == failed["event"]["id"]


def test_four_are_on_their_way_at_once_and_not_more(hook: Make) -> None:
    with serving(answering()) as receiver:
        made = hook(receiver.url())
        for _ in range(40):
            made.ping()
        deliver()
    assert (len(receiver.requests), receiver.most_at_once <= 4) == (40, True)
    assert {delivery["status"] for delivery in made.deliveries()} == {"delivered"}


def test_beside_a_run_that_sends_to_a_webhook_another_waits_its_turn(hook: Make) -> None:
    let_go = threading.Event()

    def hold(server: Server, connection: socket.socket) -> None:
        server.take(connection)
        let_go.wait(30)
        connection.sendall(OK)

    with serving(hold) as receiver:
        made = hook(receiver.url())
        for _ in range(8):
            made.ping()
        number()
        waiting = [job_id for (job_id,) in chain.rows("SELECT id FROM jobs WHERE kind = 'webhook.deliver' ORDER BY id")]
        first = threading.Thread(target=run_jobs, args=(find("webhook.deliver"), waiting[:4]))
        first.start()
        wait_until(lambda: receiver.at_once == 4)
        run_jobs(find("webhook.deliver"), waiting[4:])
        assert sorted(chain.rows(JOBS)) == [("PENDING", 0)] * 4 + [("PROCESSING", 1)] * 4
        let_go.set()
        first.join()
        due = "SELECT count(*) FROM outbox JOIN open_jobs ON id = job_id WHERE greatest(due_at, available_at) <= now()"
        assert chain.value(f"{due} AND outbox.lane = 'io'") == 4, "the others are left waiting though it is their turn"
        deliver()
    assert (receiver.most_at_once, len(receiver.requests)) == (4, 8)


def test_an_organization_has_half_of_the_runs_and_the_others_wait_uncounted(
    hook: Make,
    organization: Tenant,
    stranger: Caller,
    other_organization: Tenant,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slots = Shares(5)
    monkeypatch.setattr(sending, "slots", lambda: slots)
    own = organization.id
    with serving(answering()) as receiver, slots.share(own), slots.share(own), slots.share(other_organization.id):
        made, other = hook(receiver.url()), Hook.create(stranger, receiver.url())
        made.ping()
        other.ping()
        deliver()
        assert [len(receiver.requests), len(other.deliveries("?status=delivered"))] == [1, 1]
        assert sorted(chain.rows(JOBS)) == [("COMPLETED", 1), ("PENDING", 0)]


def test_a_message_for_two_webhooks_brings_nothing_of_one_to_the_other(hook: Make) -> None:
    with serving(answering()) as receiver:
        made = [hook(receiver.url(path=f"/{n}")) for n in (1, 2)]
        for one in (*made, *made):
            one.ping()
        number()
        waiting = [job_id for (job_id,) in chain.rows("SELECT id FROM jobs WHERE kind = 'webhook.deliver' ORDER BY id")]
        run_jobs(find("webhook.deliver"), waiting)
        time_passes()
        run_jobs(find("webhook.deliver"), waiting)
    for one in made:
        sent = [request for request in receiver.requests if request.split()[1].decode() == f"/{one.shown['id']}"]
        assert [json.loads(parsed(request)[1])["data"] for request in sent] == [{"webhookId": one.shown["id"]}] * 2


def test_a_disabled_webhook_is_told_later_what_it_missed(hook: Make, client: Caller) -> None:
    with serving(answering()) as receiver:
        made = hook(receiver.url(), "invoice.*", "webhook.*")
        made.ping()
        deliver()
        made.change(enabled=False)
        supplier = client.get("/api/v1/parties/suppliers").json[0]["id"]
        for _ in range(3):
            client.post("/api/v1/invoices/generate", bodies.invoice(supplier))
        deliver()
        missed = client.post(f"{made.path}/redeliver", {"after": 1, "dryRun": True}).json
        assert missed == {"count": 3, "more": False, "dryRun": True}
        assert client.post(f"{made.path}/redeliver", {"after": 1}).status_code == 409
        made.change(enabled=True)
        assert client.post(f"{made.path}/redeliver", {"after": 1}).json["count"] == 3
        assert client.post(f"{made.path}/redeliver", {"after": 1}).json["count"] == 0, "what is on its way is doubled"
        deliver()
    assert sorted(json.loads(parsed(request)[1])["sequence"] for request in receiver.requests) == [1, 2, 3, 4]


def test_what_failed_since_a_time_is_sent_again(hook: Make, client: Caller) -> None:
    with serving(closing(GONE)) as receiver:
        made = hook(receiver.url())
        made.ping()
        deliver()
        number()
    with serving(answering()) as receiver:
        made.change(url=receiver.url(), enabled=True)
        assert client.post(f"{made.path}/redeliver", {"status": "failed"}).json["count"] == 1
        deliver()
        assert len(receiver.requests) == 1
        assert client.post(f"{made.path}/redeliver", {"status": "failed"}).json["count"] == 0
        since = {"since": "2020-01-01T00:00:00Z", "status": "delivered"}
        assert client.post(f"{made.path}/redeliver", since).json["count"] == 1


def test_a_deleted_webhook_is_sent_nothing(hook: Make, client: Caller) -> None:
    with serving(answering()) as receiver:
        made = hook(receiver.url())
        made.ping()
        number()
        assert client.delete(made.path).status_code == 204
        deliver()
    assert (receiver.requests, client.get(made.path).status_code) == ([], 404)
    assert chain.value("SELECT count(*) FROM deliveries") == 0
    assert chain.rows(JOBS) == [("COMPLETED", 1)]


def test_a_webhook_that_is_deleted_while_it_is_sent_to_ends_its_jobs(hook: Make, client: Caller) -> None:
    made: list[Hook] = []

    def delete(server: Server, connection: socket.socket) -> None:
        server.take(connection)
        client.delete(made[0].path)
        connection.sendall(FAILING)

    with serving(delete) as receiver:
        made.append(hook(receiver.url()))
        made[0].ping()
        deliver()
        assert chain.value("SELECT error FROM jobs WHERE kind = 'webhook.deliver'") == "answered 500"
        time_passes()
        deliver()
    assert chain.rows(JOBS) == [("COMPLETED", 2)]


def test_both_secrets_sign_for_a_day(hook: Make, client: Caller) -> None:
    with serving(answering(OK)) as receiver:
        made = hook(receiver.url())
        new = client.post(f"{made.path}/rotate-secret").json["secret"]
        made.ping()
        deliver()
        chain.ask("UPDATE webhooks SET old_secret_until = clock_timestamp()")
        made.ping()
        deliver()
    (headers, body), (later, later_body) = map(parsed, receiver.requests)
    for secret in (made.secret, new):
        signatures.verify(secret, headers, body, int(headers["webhook-timestamp"]))
    signatures.verify(new, later, later_body, int(later["webhook-timestamp"]))
    with pytest.raises(signatures.NotVerified):
        signatures.verify(made.secret, later, later_body, int(later["webhook-timestamp"]))


def test_a_lost_master_key_is_got_over_by_a_new_secret(
    hook: Make, client: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(answering()) as receiver:
        made = hook(receiver.url(), headers={"X-Token": "12345"})
        chain.ask("DELETE FROM data_keys")
        monkeypatch.setattr(encryption, "_unwrapped", encryption.UnwrappedKeys())
        configure(master_keys=master_keys.new_key())
        made.ping()
        deliver()
        assert [delivery["status"] for delivery in made.deliveries()] == ["failed"]
        new = client.post(f"{made.path}/rotate-secret").json["secret"]
        made.change(headers={})
        client.post(f"{made.path}/redeliver", {"status": "failed"})
        deliver()
    [request] = receiver.requests
    headers, body = parsed(request)
    signatures.verify(new, headers, body, int(headers["webhook-timestamp"]))


def test_an_event_on_its_way_is_not_sent_beside_itself(hook: Make, client: Caller) -> None:
    with serving(closing(GONE)) as receiver:
        made = hook(receiver.url())
        made.ping()
        deliver()
        made.change(enabled=True)
    [failed] = made.deliveries("?status=failed")
    retry = f"/api/v1/webhook-deliveries/{failed['id']}/retry"
    assert [client.post(retry).status_code for _ in range(3)] == [202, 409, 409]


def test_a_ping_is_redelivered_to_the_webhook_that_was_pinged_alone(hook: Make, client: Caller) -> None:
    with serving(answering()) as receiver:
        pinged, other = hook(receiver.url(), "invoice.*"), hook(receiver.url(), "*")
        pinged.ping()
        deliver()
        counted = [client.post(f"{one.path}/redeliver", {"after": 0, "dryRun": True}) for one in (pinged, other)]
    assert [answer.json["count"] for answer in counted] == [1, 0]


def test_a_webhook_that_somebody_holds_stops_no_numbering(hook: Make, organization: Tenant) -> None:
    made = hook("https://192.0.43.8/")
    made.ping()
    with transaction() as session:
        registration.get(session, organization.id, made.shown["id"], locked=True)
        number()
        assert len(made.deliveries()) == 1


def test_a_webhook_that_is_pointed_at_an_api_like_this_one_goes_round_once(client: Caller) -> None:
    signed = {"webhook-id": "1", "webhook-signature": "v1,x"}
    assert client.post("/api/v1/webhooks/1/ping", headers=signed).status_code == 508
