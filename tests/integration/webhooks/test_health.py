"""A receiver in trouble is left alone, its owner told, and nothing that waits is lost."""

import socket
from collections.abc import Callable

import pytest

from domain.jobs.execution import run_jobs
from domain.jobs.registry import find
from tests import chain
from tests.caller import Caller
from tests.integration.gateways.receivers import OK, Server, answering, closing, serving
from tests.integration.webhooks.hook import BUSY, FAILING, GONE, JOBS, WRONG, Hook, deliver, number, time_passes

Make = Callable[..., Hook]


def test_410_disables_the_webhook_with_an_event(hook: Make, client: Caller) -> None:
    with serving(closing(GONE)) as receiver:
        made = hook(receiver.url())
        made.ping()
        deliver()
        number()
    assert (made.now()["enabled"], "410" in made.now()["disabledReason"]) == (False, True)
    assert made.deliveries()[0]["status"] == "failed"
    assert [event["type"] for event in client.get("/api/v1/events").json] == ["webhook.pinged", "webhook.disabled"]
    assert client.post(f"{made.path}/ping").status_code == 409
    made.change(enabled=True)
    assert (made.now()["disabledReason"], made.now()["failingSince"]) == (None, None)


def test_retry_after_is_obeyed(hook: Make) -> None:
    with serving(closing(BUSY)) as receiver:
        made = hook(receiver.url())
        made.ping()
        deliver()
        made.ping()
        deliver()
    assert len(receiver.requests) == 1, "another event did not wait"
    waits = "SELECT min(extract(epoch FROM due_at - now())) FROM outbox WHERE kind = 'webhook.deliver'"
    assert chain.value(waits) > 3400
    assert chain.rows(JOBS) == [("PENDING", 1), ("PENDING", 0)], "an attempt was counted that was not made"


def test_a_webhook_that_is_down_is_left_alone_with_all_that_waits(hook: Make) -> None:
    with serving(closing(FAILING)) as receiver:
        made = hook(receiver.url())
        for _ in range(9):
            made.ping()
        deliver()
    assert len(receiver.requests) <= 4, "it goes on though its receiver is down"
    assert (made.now()["pausedUntil"], made.now()["failingSince"]) != (None, None)
    tried = len(receiver.requests)
    assert sorted(chain.rows(JOBS)) == [("PENDING", 0)] * (9 - tried) + [("PENDING", 1)] * tried
    with serving(answering()) as receiver:
        made.change(url=receiver.url())
        time_passes()
        deliver()
    assert [delivery["status"] for delivery in made.deliveries()] == ["delivered"] * 9
    assert made.now()["failingSince"] is None


def test_a_receiver_that_takes_some_and_asks_for_time_has_it(hook: Make) -> None:
    def limited(server: Server, connection: socket.socket) -> None:
        server.take(connection)
        connection.sendall(OK if len(server.requests) == 1 else BUSY)

    with serving(limited) as receiver:
        made = hook(receiver.url())
        for _ in range(12):
            made.ping()
        deliver()
        deliver()
    assert len(receiver.requests) <= 5, "it goes on though its receiver asked for an hour"
    assert (made.now()["pausedUntil"] is not None, made.now()["failingSince"]) == (True, None)


def test_quiet_days_are_no_failures(hook: Make, client: Caller) -> None:
    with serving(closing(FAILING)) as receiver:
        made = hook(receiver.url())
        made.ping()
        deliver()
        chain.ask(
            "UPDATE webhooks SET failing_since = now() - interval '6 days', last_failed_at = now() - interval '2 days'"
        )
        time_passes()
        deliver()
        number()
    assert made.now()["enabled"]
    assert [event["type"] for event in client.get("/api/v1/events").json] == ["webhook.pinged"]


def test_what_waits_for_a_webhook_that_is_down_is_not_even_published(hook: Make) -> None:
    with serving(closing(FAILING)) as receiver:
        made = hook(receiver.url())
        for _ in range(3):
            made.ping()
        number()
        [first, *others] = [
            job_id for (job_id,) in chain.rows("SELECT job_id FROM outbox WHERE lane = 'io' ORDER BY 1")
        ]
        run_jobs(find("webhook.deliver"), [first])
    waits = "SELECT min(extract(epoch FROM due_at - now())) FROM outbox WHERE job_id = ANY(%s)"
    assert chain.value(waits, others) > 3


def test_an_answer_of_400_holds_no_other_event_back(hook: Make) -> None:
    with serving(closing(WRONG)) as receiver:
        made = hook(receiver.url())
        for _ in range(6):
            made.ping()
        deliver()
    assert len(receiver.requests) == 6


@pytest.mark.parametrize(("days", "told"), [(0.5, []), (1.1, ["webhook.failing"]), (3.1, ["webhook.failing"]),
                                             (5.1, ["webhook.disabled"])])  # fmt: skip
def test_an_owner_is_warned_after_one_day_and_three_and_the_webhook_disabled_after_five(
    hook: Make, client: Caller, days: float, told: list[str]
) -> None:
    with serving(closing(FAILING)) as receiver:
        made = hook(receiver.url())
        made.ping()
        deliver()
        chain.ask("UPDATE webhooks SET failing_since = failing_since - %s * interval '1 day'", days)
        for _ in range(2):
            time_passes()
            deliver()
        number()
    events = [event["type"] for event in client.get("/api/v1/events").json]
    assert events == ["webhook.pinged", *told]
    assert made.now()["enabled"] is ("webhook.disabled" not in told)


@pytest.mark.parametrize(
    "value", ["Mon, 01 Jan 2024 00:00:00 +99999999999999999999", "Mon, 01 Jan 99999999999 00:00:00 GMT", "soon", "-1"]
)
def test_a_malformed_retry_after_says_nothing(hook: Make, value: str) -> None:
    strange = f"HTTP/1.1 503 Oops\r\nRetry-After: {value}\r\nContent-Length: 0\r\n\r\n".encode()
    with serving(closing(strange)) as receiver:
        made = hook(receiver.url())
        made.ping()
        deliver()
    [delivery] = made.deliveries()
    assert [attempt["statusCode"] for attempt in delivery["attempts"]] == [503]


def test_410_disables_though_others_were_taken(hook: Make) -> None:
    def tired(server: Server, connection: socket.socket) -> None:
        server.take(connection)
        connection.sendall(OK if len(server.requests) == 1 else GONE)

    with serving(tired) as receiver:
        made = hook(receiver.url())
        for _ in range(3):
            made.ping()
        deliver()
    assert not made.now()["enabled"]


def test_what_waits_is_due_once_the_address_is_another(hook: Make) -> None:
    with serving(closing(BUSY)) as receiver:
        made = hook(receiver.url())
        made.ping()
        deliver()
        made.change(description="the same address")
        assert made.now()["failingSince"] is not None, "any change forgets that it fails"
    with serving(answering()) as receiver:
        made.change(url=receiver.url())
        chain.run_waiting("webhook.deliver")
    assert (len(receiver.requests), made.deliveries()[0]["status"]) == (1, "delivered")
