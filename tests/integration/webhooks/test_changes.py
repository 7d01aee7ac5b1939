"""What changes while deliveries wait or are on their way: another address, a repaired receiver, an owner in a hurry."""

import base64
import json
import socket
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from db.queries import run
from db.transaction import transaction
from domain.events.telling import News, tell
from domain.jobs.admission import admission
from domain.webhooks import deliveries, sending
from domain.webhooks.fan_out import Addressed, owe
from tests import bodies, chain
from tests.caller import Caller
from tests.conftest import configure
from tests.integration.gateways.receivers import OK, Server, answering, closing, serving
from tests.integration.webhooks.hook import FAILING, GONE, JOBS, PATH, Hook, deliver, number, time_passes
from tests.tenant import Tenant
from tests.waiting import wait_until

Make = Callable[..., Hook]
A_DAY = b"HTTP/1.1 503 Busy\r\nRetry-After: 86400\r\nContent-Length: 0\r\n\r\n"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
LATE = "SELECT count(*) FROM outbox WHERE lane = 'io' AND due_at > clock_timestamp() + interval '1 hour'"


@pytest.mark.parametrize("change", [{"enabled": True}, {"eventTypes": ["invoice.*"]}], ids=["enabled", "types"])
def test_what_is_told_after_a_change_was_answered_is_delivered(
    hook: Make, client: Caller, organization: Tenant, change: dict[str, Any]
) -> None:
    """A run that had read the webhooks before waited for the stream, and numbered the event without a delivery."""
    with serving(answering()) as receiver:
        made = hook(
            receiver.url(), "invoice.*" if "enabled" in change else "transfer.*", enabled="enabled" not in change
        )
        client.post("/api/v1/invoices/generate", bodies.invoice(organization.supplier_id))
        numbers = threading.Thread(target=number)
        with transaction() as other:
            run(other, "lock_stream", organization_id=organization.id)
            numbers.start()
            wait_until(lambda: chain.value(WAITING) == 1, 10, "it does not wait for the stream")
            made.change(**change)
            client.post("/api/v1/invoices/generate", bodies.invoice(organization.supplier_id))
        numbers.join()
        deliver()
    sent = {json.loads(request.partition(b"\r\n\r\n")[2])["sequence"] for request in receiver.requests}
    assert 2 in sent


@pytest.mark.parametrize("answer", [GONE, A_DAY, FAILING], ids=["410", "503", "500"])
def test_what_the_old_address_answers_says_nothing_of_the_new_one(hook: Make, answer: bytes) -> None:
    made: list[Hook] = []
    with serving(answering()) as new:

        def change(server: Server, connection: socket.socket) -> None:
            server.take(connection)
            made[0].change(url=new.url())
            connection.sendall(answer)

        with serving(change) as old:
            made.append(hook(old.url()))
            made[0].ping()
            deliver()
        now = made[0].now()
        assert (now["enabled"], now["pausedUntil"], now["failingSince"]) == (True, None, None)
        deliver()
        assert len(new.requests) == 1
    assert chain.rows(JOBS) == [("COMPLETED", 1)], "the new receiver has lost an attempt"


def test_events_wait_while_as_many_jobs_wait_as_may(hook: Make, client: Caller, organization: Tenant) -> None:
    made = hook("http://127.0.0.1:1/")
    configure(max_backlog=400, max_backlog_per_organization=200)
    with transaction() as session:
        tell(session, organization.id, [News("transfer.sent", {"transferId": n}) for n in range(300)])
    number()
    chain.ask("ANALYZE outbox")
    admission._until = 0.0
    with transaction() as session:
        tell(session, organization.id, [News("transfer.sent", {"transferId": n}) for n in range(300)])
    number()
    assert chain.value("SELECT count(*) FROM deliveries") == 300
    refused = client.post(f"{made.path}/redeliver", {"after": 0})
    assert (refused.status_code, "Retry-After" in refused.headers) == (429, True)
    configure(max_backlog=4000, max_backlog_per_organization=2000)
    time_passes()
    number()
    assert chain.value("SELECT count(*) FROM deliveries") == 600
    assert chain.value("SELECT max(attempts) FROM jobs WHERE kind = 'events.sequence'") == 1


@pytest.mark.parametrize("trouble", ["pace = interval '2 s'", "failures = 1"], ids=["slow", "fails"])
def test_webhooks_that_are_slow_or_fail_leave_places_to_the_others(
    hook: Make, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    taken = threading.BoundedSemaphore(1)
    monkeypatch.setattr(sending, "slow_slots", lambda: taken)
    with serving(answering()) as receiver, taken:
        slow, healthy = hook(receiver.url()), hook(receiver.url())
        chain.ask(f"UPDATE webhooks SET {trouble} WHERE id = %s", slow.shown["id"])
        slow.ping()
        healthy.ping()
        deliver()
        assert [hook.deliveries()[0]["status"] for hook in (slow, healthy)] == ["pending", "delivered"]
    with serving(answering()) as receiver:
        slow.change(url=receiver.url())
        time_passes()
        deliver()
    assert slow.deliveries()[0]["status"] == "delivered"
    assert taken.acquire(blocking=False), "it keeps its place"


def test_a_range_is_counted_and_sent_while_the_webhook_is_in_use(hook: Make, client: Caller) -> None:
    with serving(answering()) as receiver:
        made = hook(receiver.url())
        made.ping()
        deliver()
        with transaction() as other:
            run(other, "lock_webhooks", ids=[made.deliveries()[0]["id"]])
            for dry in (True, False):
                assert client.post(f"{made.path}/redeliver", {"after": 0, "dryRun": dry}).json["count"] == 1


def test_what_is_made_due_waits_for_nobody_who_cancels_a_job(hook: Make) -> None:
    with serving(answering()) as receiver:
        made = hook("http://127.0.0.1:1/")
        made.ping()
        made.ping()
        number()
        chain.ask("UPDATE outbox SET due_at = clock_timestamp() + interval '2 hours'")
        with transaction() as other:
            first = "SELECT id FROM open_jobs WHERE kind = 'webhook.deliver' ORDER BY id LIMIT 1 FOR UPDATE"
            other.connection().exec_driver_sql(first)
            made.change(url=receiver.url())
        assert chain.value(LATE) == 1


def test_a_receiver_that_asks_for_a_day_each_time_is_warned_of_and_disabled(hook: Make, client: Caller) -> None:
    with serving(closing(A_DAY)) as receiver:
        made = hook(receiver.url())
        made.ping()
        for _ in range(6):
            deliver()
            for column in ("failing_since", "last_failed_at", "paused_until"):
                chain.ask(f"UPDATE webhooks SET {column} = {column} - interval '36 hours'")
            chain.ask("UPDATE open_jobs SET available_at = clock_timestamp() WHERE status = 'PENDING'")
            chain.ask("UPDATE outbox SET due_at = clock_timestamp()")
        number()
    told = [event["type"] for event in client.get("/api/v1/events").json]
    assert told == ["webhook.pinged", "webhook.failing", "webhook.failing", "webhook.disabled"]


def postponed(hook: Make, organization: Tenant, count: int) -> Hook:
    made = hook("http://127.0.0.1:1/")
    made.ping()
    number()
    with transaction() as session:
        owe(session, organization.id, [Addressed(made.shown["id"], 1, "webhook.pinged")] * count)
    chain.ask("UPDATE outbox SET due_at = clock_timestamp() + interval '36 hours' WHERE lane = 'io'")
    chain.ask("UPDATE webhooks SET paused_until = clock_timestamp() + interval '1 day', failures = 3")
    return made


def test_all_that_waits_is_due_at_a_new_address_however_much_it_is(hook: Make, organization: Tenant) -> None:
    made = postponed(hook, organization, 10_500)
    made.change(url="http://127.0.0.1:2/")
    assert chain.value(LATE) == 0


def test_after_a_pause_the_first_success_has_the_others_go_on(
    hook: Make, organization: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domain.webhooks.health.AT_ONCE", 3)
    made = postponed(hook, organization, 5)
    with serving(answering()) as receiver:
        chain.ask("UPDATE webhooks SET url = %s, paused_until = clock_timestamp(), failures = 0", receiver.url())
        chain.ask("UPDATE outbox SET due_at = clock_timestamp() WHERE job_id = (SELECT max(job_id) FROM outbox)")
        deliver()
        assert chain.value("SELECT count(*) FROM deliveries WHERE delivered_at IS NULL") == 0
    assert made.now()["pausedUntil"] is None


def test_an_event_on_its_way_by_an_older_delivery_is_not_sent_beside_itself(hook: Make, client: Caller) -> None:
    with serving(closing(GONE)) as receiver:
        made = hook(receiver.url(), "webhook.pinged")
        made.ping()
        deliver()
        made.change(enabled=True)
        [first] = made.deliveries()
        client.post(f"/api/v1/webhook-deliveries/{first['id']}/retry")
        deliver()
        made.change(enabled=True)
    assert client.post(f"/api/v1/jobs/{first['jobId']}/retry").status_code == 200
    assert client.post(f"{made.path}/redeliver", {"status": "failed"}).json["count"] == 0


def test_one_header_is_not_named_twice(client: Caller) -> None:
    body = {"url": "http://127.0.0.1:1/", "eventTypes": ["*"], "headers": {"X-Token": "a", "x-token": "b"}}
    refused = client.post(PATH, body)
    assert (refused.status_code, [*refused.json["errors"]]) == (400, ["headers"])


@pytest.mark.parametrize("before", [0, 2040], ids=["whole", "cut"])
@pytest.mark.parametrize("end", ["", "\xe9"], ids=["ASCII", "latin-1"])
def test_an_answer_that_repeats_what_was_sent_along_is_shown_without_it(hook: Make, before: int, end: str) -> None:
    def echo(server: Server, connection: socket.socket) -> None:
        request = server.take(connection)
        request = b"." * before + request[request.index(b"Bearer") :][:1500]
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(request), request))

    with serving(echo) as receiver:
        made = hook(receiver.url(), headers={"Authorization": f"Bearer SESAME{end}"})
        made.ping()
        deliver()
    [attempt] = made.deliveries()[0]["attempts"]
    assert ("SESAME" in attempt["responseBody"], "[hidden]" in attempt["responseBody"]) == (False, True)


TOKEN = 'open/"SESAME"+'


@pytest.mark.parametrize(
    "said",
    [f"no {TOKEN}", json.dumps([TOKEN]), quote(TOKEN, safe=""), base64.b64encode(f"t={TOKEN}.".encode()).decode()],
)
def test_an_answer_that_repeats_the_token_alone_or_in_another_form_is_shown_without_it(hook: Make, said: str) -> None:
    def refuse(server: Server, connection: socket.socket) -> None:
        server.take(connection)
        connection.sendall(b"HTTP/1.1 401 No\r\nContent-Length: %d\r\n\r\n%s" % (len(said), said.encode()))

    with serving(refuse) as receiver:
        made = hook(receiver.url(), headers={"Authorization": f"Bearer {TOKEN}"})
        made.ping()
        deliver()
    [attempt] = made.deliveries()[0]["attempts"]
    assert (said in attempt["responseBody"], "[hidden]" in attempt["responseBody"]) == (False, True)
    assert "Bearer" not in attempt["responseBody"]


def test_what_waits_for_its_next_attempt_is_sent_now_if_its_owner_says_so(hook: Make, client: Caller) -> None:
    def recover(server: Server, connection: socket.socket) -> None:
        server.take(connection)
        connection.sendall(FAILING if len(server.requests) == 1 else OK)

    with serving(recover) as receiver:
        made = hook(receiver.url())
        made.ping()
        deliver()
        assert made.now()["pausedUntil"] is not None
        [waiting] = made.deliveries()
        deliver()
        assert len(receiver.requests) == 1
        sent = client.post(f"/api/v1/webhook-deliveries/{waiting['id']}/retry")
        assert (sent.status_code, sent.json["id"]) == (202, waiting["id"])
        deliver()
    assert made.deliveries("?status=delivered")[0]["id"] == waiting["id"]


def test_an_event_that_is_being_sent_is_not_sent_beside_itself(hook: Make, client: Caller) -> None:
    refused: list[Any] = []
    made: list[Hook] = []

    def ask(server: Server, connection: socket.socket) -> None:
        server.take(connection)
        refused.append(client.post(f"/api/v1/webhook-deliveries/{made[0].deliveries()[0]['id']}/retry"))
        connection.sendall(OK)

    with serving(ask) as receiver:
        made.append(hook(receiver.url()))
        made[0].ping()
        deliver()
    assert (refused[0].json["status"], refused[0].json["deliveryStatus"]) == (409, "pending")
    assert len(receiver.requests) == 1


def test_an_event_of_a_range_that_is_owed_at_this_moment_is_not_owed_beside_it(
    hook: Make, client: Caller, organization: Tenant
) -> None:
    with serving(answering()) as receiver:
        made = hook(receiver.url())
        made.ping()
        deliver()
        [first] = made.deliveries()
        answers: list[Any] = []
        retrying = threading.Thread(
            target=lambda: answers.append(client.post(f"/api/v1/webhook-deliveries/{first['id']}/retry"))
        )
        with transaction() as session:
            deliveries.redeliver(session, organization.id, made.shown["id"], after=0)
            retrying.start()
            wait_until(lambda: chain.value(WAITING) == 1 or answers)
        retrying.join(10)
        deliver()
    assert [answer.status_code for answer in answers] == [409]
    assert len(receiver.requests) == 2
