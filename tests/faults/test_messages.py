"""A message is a hint: doubled, reordered, lost or forged, it changes nothing that the rows do not say."""

import json
import random
from collections.abc import Iterable
from typing import Any

import pytest
import redis
from celery import Celery
from kombu import Connection

from tests.faults.load import Intake, drain, fetch, incidents, owe, owe_invoices, value, verify
from tests.faults.processes import PROGRAM
from tests.waiting import wait_until

SHORT_VISIBILITY = (
    "import celeryconfig; celeryconfig.task_acks_late = True;"
    "celeryconfig.broker_transport_options |= {'visibility_timeout': 1, 'unacked_restore_interval': 1};" + PROGRAM
)


@pytest.fixture
def queue(broker):
    """The broker's own view of the default lane."""
    with redis.Redis.from_url(broker) as client:
        yield client


def test_every_message_five_times_and_out_of_order_is_done_once(chain, queue, organization, other_organization):
    chain.start("relay")
    accepted = owe(organization, "fault.single", [{}] * 60) + owe(organization, "fault.group", [{}] * 60)
    for tenant in (organization, other_organization) * 5:
        accepted += owe_invoices(tenant, 10)
    wait_until(lambda: value("SELECT count(*) FROM outbox WHERE published_at IS NULL") == 0)
    messages = queue.lrange("default", 0, -1) * 5
    random.Random(32).shuffle(messages)
    queue.delete("default")
    queue.rpush("default", *messages)
    chain.start("worker", "worker")
    drain(20)
    wait_until(lambda: queue.llen("default") == 0, 10)
    verify(accepted, chain.broker_url)
    assert fetch("SELECT count(*), count(DISTINCT job_id) FROM effects") == [(120, 120)]
    assert fetch("SELECT DISTINCT attempts FROM jobs") == [(1,)]


def test_a_fifth_of_the_messages_dropped_after_the_broker_took_them_come_again(chain, queue, organization):
    chain.start("relay")
    accepted = owe(organization, "fault.single", [{}] * 500)
    wait_until(lambda: queue.llen("default") >= 500)
    dropped = drop_a_fifth(queue, random.Random(36))
    chain.start("worker")
    drain(20)
    verify(accepted, chain.broker_url)
    assert dropped == 100
    assert value("SELECT count(*) FROM effects") == 500


def drop_a_fifth(queue: redis.Redis, rng: random.Random) -> int:
    messages = queue.lrange("default", 0, -1)
    return sum(queue.lrem("default", 1, message) for message in rng.sample(messages, len(messages) // 5))


def test_a_visibility_timeout_shorter_than_the_job_doubles_messages_and_no_effect(chain, organization):
    chain.start("relay")
    for _ in range(2):
        chain.await_ready(chain.spawn("worker", SHORT_VISIBILITY))
    accepted = owe(organization, "fault.single", [{"seconds": 1.6}] * 8)
    drain(20)
    verify(accepted, chain.broker_url)
    assert fetch("SELECT count(*), count(DISTINCT job_id) FROM effects") == [(8, 8)]
    assert fetch("SELECT DISTINCT attempts FROM jobs") == [(1,)]


def test_forged_messages_are_ignored_and_counted_and_the_worker_goes_on(chain, organization, other_organization):
    _, worker = chain.start("relay", "worker")
    invoice = owe_invoices(organization, 1)
    drain(10)
    job_id = invoice[0].request_id
    forger = Celery("forger", broker=chain.broker_url)
    forger.conf.update(task_ignore_result=True, accept_content=["json", "pickle"])
    # Of the right shape, so only the rows can tell: no such job, a job of another kind, one that is done.
    for kind, stale in (("invoice.generate", 10**9), ("fault.single", job_id), ("invoice.generate", job_id)):
        forger.send_task(kind, kwargs={"version": 1, "jobs": [stale]}, queue="default")
    for body in forged_bodies(job_id):
        forger.send_task("invoice.generate", kwargs=body, queue="default")
    forger.send_task("invoice.generate", args=[1, [job_id]], queue="default")
    forger.send_task("invoice.generate", kwargs=body, queue="default", serializer="pickle")
    forger.send_task("os.system", args=["true"], queue="default")
    send_raw(chain.broker_url, ["{broken json", "[]", "null", '"text"', json.dumps({"task": "invoice.generate"})])
    forger.close()
    expected = len(list(forged_bodies(job_id))) + 8
    wait_until(lambda: incidents("forged_message") == expected, 10, "not every forgery was counted")
    accepted = invoice + owe_invoices(organization, 3)
    drain(10)
    verify(accepted, chain.broker_url)
    assert worker.poll() is None


def forged_bodies(job_id: int) -> Iterable[dict[str, Any]]:
    yield from ({}, {"version": 1}, {"jobs": [job_id]}, {"version": 2, "jobs": [job_id]})
    yield {"version": 1, "jobs": [job_id], "organization": 1}
    for jobs in (job_id, str(job_id), [str(job_id)], [True], [None], [-1], [0], [2**63], [1.5], {"1": 1}, [[job_id]]):
        yield {"version": 1, "jobs": jobs}


def send_raw(broker_url: str, bodies: Iterable[str]) -> None:
    """Put bodies that no Celery client writes into the default lane."""
    with Connection(broker_url) as connection:
        for body in bodies:
            connection.Producer().publish(
                body, routing_key="default", content_type="application/json", content_encoding="utf-8"
            )
