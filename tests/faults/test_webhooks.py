"""Webhooks while parts die: each event of a committed change arrives, under one id, and none of another."""

import json
import os
import signal
import socket
from collections.abc import Iterator

import pytest

from db.engine import owner_url
from db.transaction import transaction
from domain import encryption, master_keys
from domain.webhooks import registration
from tests.checker import check
from tests.conftest import configure
from tests.faults.load import drain, fetch, owe_invoices, value
from tests.faults.processes import Chain, Process
from tests.integration.gateways.receivers import OK, Server, answering, serving
from tests.tenant import Tenant
from tests.waiting import wait_until

UNDELIVERED = "SELECT count(*) FROM deliveries WHERE delivered_at IS NULL"
PARTS = ("relay", "worker", "io")


@pytest.fixture
def terms(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """What the parts are told beside their timings: a master key, and that loopback may be told."""
    monkeypatch.setattr(encryption, "_unwrapped", encryption.UnwrappedKeys())
    given: dict[str, object] = {
        "master_keys": master_keys.new_key(),
        "webhook_allow_http": 1,
        "webhook_allowed_networks": "127.0.0.0/8",
    }
    configure(**given)
    return given


def make_hook(tenant: Tenant, url: str, *event_types: str) -> int:
    with transaction() as session:
        fields = {"url": url, "event_types": event_types or ("*",), "enabled": True}
        webhook = registration.create(session, tenant.id, fields)
        return webhook.id


def received(server: Server) -> Iterator[tuple[int, str]]:
    """Yield the number and the id of each event that came."""
    for request in server.requests:
        event = json.loads(request.partition(b"\r\n\r\n")[2])
        yield event["sequence"], event["id"]


def await_deliveries(seconds: float) -> None:
    drain(seconds)
    wait_until(lambda: value(UNDELIVERED) == 0, seconds, "something is not delivered")


@pytest.mark.parametrize("rounds", [1, pytest.param(5, marks=pytest.mark.chaos)])
def test_whatever_dies_each_event_arrives_under_one_id(
    chain: Chain, terms: dict[str, object], organization: Tenant, other_organization: Tenant, rounds: int
) -> None:
    with serving(answering()) as server:
        make_hook(organization, server.url())
        running: dict[str, Process] = dict(zip(PARTS, chain.start(*PARTS, **terms), strict=True))
        accepted = []
        for part in PARTS * rounds:
            accepted += owe_invoices(organization, count=60) + owe_invoices(other_organization, count=5)
            issued = value("SELECT count(*) FROM invoices")
            wait_until(lambda before=issued: value("SELECT count(*) FROM invoices") > before, 30, "nothing is issued")
            running[part].die()
            running[part].kill_children()
            [running[part]] = chain.start(part, **terms)
        await_deliveries(120)
        check(owner_url(), accepted)
        events = list(received(server))
    count = 60 * len(PARTS) * rounds
    assert {number for number, _ in events} == set(range(1, count + 1)), "an event did not arrive"
    assert len(set(events)) == count, "an event came under two ids"
    assert value("SELECT count(*) FROM deliveries") == count, "a delivery was doubled"
    assert fetch("SELECT organization_id, last_sequence FROM event_streams") == [(organization.id, count)]


def test_who_dies_between_sending_and_recording_sends_the_same_event_again(
    chain: Chain, terms: dict[str, object], organization: Tenant
) -> None:
    victims: list[int] = []

    def kill_the_sender(server: Server, connection: socket.socket) -> None:
        server.take(connection)
        if victims:
            os.kill(victims.pop(), signal.SIGKILL)
        else:
            connection.sendall(OK)

    with serving(kill_the_sender) as server:
        make_hook(organization, server.url())
        _, _, io = chain.start(*PARTS, **terms)
        victims.append(io.pid)
        accepted = owe_invoices(organization, count=1)
        wait_until(lambda: not victims, 30, "nothing was sent")
        chain.start("io", **terms)
        await_deliveries(60)
        check(owner_url(), accepted)
        events = list(received(server))
    assert (len(events), len(set(events))) == (2, 1)
    assert fetch("SELECT status, attempts FROM jobs WHERE kind = 'webhook.deliver'") == [("COMPLETED", 2)]


def test_an_io_part_that_is_told_to_end_finishes_what_it_sends(
    chain: Chain, terms: dict[str, object], organization: Tenant
) -> None:
    sent: list[int] = []

    def answer_slowly(server: Server, connection: socket.socket) -> None:
        server.take(connection)
        sent.append(1)
        wait_until(lambda: len(sent) > 1, 20)
        connection.sendall(OK)

    with serving(answer_slowly) as server:
        make_hook(organization, server.url())
        _, _, io = chain.start(*PARTS, **terms)
        owe_invoices(organization, count=1)
        wait_until(lambda: sent, 30, "nothing was sent")
        io.die(signal.SIGTERM)
        sent.append(1)
        wait_until(lambda: io.poll() is not None, 30, "it does not end")
        drain(30)
    assert io.poll() == 0, io.lines
    assert fetch("SELECT status, attempts FROM jobs WHERE kind = 'webhook.deliver'") == [("COMPLETED", 1)]
    assert len(server.requests) == 1
