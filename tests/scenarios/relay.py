"""Scenarios of the way from the outbox to the broker, and of the way from the caller into the outbox."""

from dataclasses import replace

import redis
from sqlalchemy import text
from sqlalchemy.orm import Session

import settings
from db import outbox
from db.outbox import Entry, Stream, Turn
from db.transaction import transaction
from domain.jobs.dispatch.grouping import Group
from domain.jobs.lanes import LANES
from tasks.app import app
from tasks.publisher import BrokerAway, Publisher
from tasks.relay import Relay
from tests import chain
from tests.crash.parts import INTAKE
from tests.stage import Stage
from tests.tenant import new_tenant

IN_FLIGHT = "SELECT count(*) FROM outbox WHERE published_at IS NOT NULL AND due_at > clock_timestamp()"
DUE = "SELECT count(*) FROM outbox WHERE published_at IS NULL AND due_at <= clock_timestamp()"


class Leaving(Publisher):
    """A broker that takes so many messages and goes away."""

    def __init__(self, takes: int) -> None:
        super().__init__(app)
        self._takes = takes

    def publish(self, message: Group) -> None:
        if not self._takes:
            raise BrokerAway("gone")
        self._takes -= 1
        super().publish(message)


def submit_alone(stage: Stage, count: int) -> list[int]:
    """Submit requests whose entries are sent one by one."""
    stage.begin()
    ids = [stage.submit() for _ in range(count)]
    chain.ask("UPDATE outbox SET group_limit = 1")
    return ids


def lease(session: Session, organization_id: int, most: int) -> list[Entry]:
    turn = Turn(Stream("default", 1, organization_id, "invoice.generate"), outbox.BEGINNING, most)
    return outbox.lease(session, [turn], settings.current().redelivery_interval)


def forget_all_messages() -> None:
    with redis.Redis.from_url(settings.current().broker_url) as broker:
        broker.delete(*LANES)


def a_message_that_is_lost_is_sent_again(stage: Stage) -> None:
    stage.begin()
    stage.submit()
    chain.relay()
    forget_all_messages()
    chain.recover()
    stage.check()


def an_entry_lives_until_its_job_is_claimed(stage: Stage) -> None:
    stage.begin()
    stage.submit()
    assert chain.relay() == 1
    stage.check(drained=False)
    chain.recover()
    stage.check()


def two_relays_at_once_share_the_entries(stage: Stage) -> None:
    ids = submit_alone(stage, 6)
    with transaction() as first:
        some = lease(first, stage.tenant.id, 3)
        with transaction() as second:
            second.execute(text("SET LOCAL lock_timeout = '300ms'"))
            others = lease(second, stage.tenant.id, settings.current().max_in_flight)
    assert sorted(entry.job_id for entry in some + others) == ids, "an entry was leased twice or by neither"
    chain.recover()
    stage.check()


def a_broker_that_leaves_gives_the_entries_back(stage: Stage) -> None:
    submit_alone(stage, 4)
    try:
        Relay(Leaving(takes=1)).turn()
        raise AssertionError("the relay did not notice")
    except BrokerAway:
        assert (chain.value(IN_FLIGHT), chain.value(DUE)) == (1, 3), "what was not sent must be due at once"
    chain.recover()
    stage.check()


def no_more_are_in_flight_than_allowed(stage: Stage) -> None:
    ids = submit_alone(stage, 5)
    before = settings.current()
    settings.use(replace(before, max_in_flight=2))
    try:
        assert [chain.relay(), chain.relay()] == [2, 0], "the bound on what is in flight does not hold"
        assert chain.work() == 2
        assert chain.relay() == 2
    finally:
        settings.use(before)
    chain.recover()
    assert chain.value("SELECT count(*) FROM jobs WHERE id = ANY(%s) AND attempts = 1", ids) == 5
    stage.check()


def a_request_is_accepted_whole_or_not_at_all(stage: Stage) -> None:
    for at, name in enumerate(INTAKE.points(stage)):
        INTAKE.killed_at(at, stage)
        stage.check(drained=False)
        INTAKE.finish(stage, name)
    stage.check()


def a_key_used_for_another_request_is_refused(stage: Stage) -> None:
    stage.begin()
    stage.accept(chain.submit(stage.tenant, stage.name, "key"), key="key")
    other = chain.post(stage.tenant, chain.REQUESTS, chain.body(stage.tenant.request("Other")), "key")
    assert other.status_code == 422, "one key stood for two requests"
    assert chain.submit(stage.tenant, stage.name, "key") == stage.accepted[-1].request_id
    chain.recover()
    stage.check()


def another_organization_finds_no_request(stage: Stage) -> None:
    stage.begin()
    path = f"{chain.REQUESTS}/{stage.submit()}"
    stranger = new_tenant("Stranger")
    assert chain.get(stranger, path).status_code == 404, "another organization's request is shown"
    assert chain.get(stage.tenant, path).status_code == 200
    chain.recover()
    stage.check()


def another_organization_sees_no_row(stage: Stage) -> None:
    stage.begin()
    request_id = stage.submit()
    chain.recover()
    invoice = chain.get(stage.tenant, f"{chain.REQUESTS}/{request_id}/invoice").json
    supplier_id = stage.tenant.supplier_id
    stranger = new_tenant("Stranger")
    for path in (
        f"/api/v1/invoices/{invoice['invoiceNumber']}?supplierId={supplier_id}",
        f"/api/v1/parties/suppliers/{supplier_id}",
        f"/api/v1/parties/clients/{chain.value('SELECT min(id) FROM clients')}",
        f"/api/v1/templates/{chain.value('SELECT min(id) FROM templates')}",
    ):
        assert chain.get(stage.tenant, path).status_code == 200
        assert chain.get(stranger, path).status_code == 404, f"shown to another organization: {path}"
    stage.check()


SCENARIOS = (
    a_message_that_is_lost_is_sent_again,
    an_entry_lives_until_its_job_is_claimed,
    two_relays_at_once_share_the_entries,
    a_broker_that_leaves_gives_the_entries_back,
    no_more_are_in_flight_than_allowed,
    a_request_is_accepted_whole_or_not_at_all,
    a_key_used_for_another_request_is_refused,
    another_organization_finds_no_request,
    another_organization_sees_no_row,
)
