"""A message is a hint: doubled, reordered, lost or forged, it changes nothing that the rows do not say."""

import base64
import json
import random
from collections.abc import Iterable
from typing import Any

import pytest
import redis
from celery import Celery

from tests.faults.load import drain, fetch, incidents, owe, owe_invoices, statuses, value, verify, without_canaries
from tests.faults.processes import PROGRAM
from tests.waiting import wait_until

SHORT_VISIBILITY = (
    "import celeryconfig; celeryconfig.task_acks_late = True;"
    "celeryconfig.broker_transport_options |= {'ack_emulation': True, 'visibility_timeout': 1};"
    "celeryconfig.broker_transport_options |= {'unacked_restore_interval': 1};" + PROGRAM
)


@pytest.fixture
def queue(broker):
    """The broker's own view of the default lane."""
    with redis.Redis.from_url(broker) as client:
        yield client


def test_every_message_five_times_and_out_of_order_is_done_once(chain, queue, organization, other_organization):
    accepted = owe(organization, "fault.single", [{}] * 60) + owe(organization, "fault.group", [{}] * 60)
    for tenant in (organization, other_organization) * 5:
        accepted += owe_invoices(tenant, count=10)
    without_canaries()
    chain.start("relay", work_ahead_ms=600_000)  # only now: behind work that waits it sends nothing new
    wait_until(lambda: jobs_in(queue) == len(accepted))
    messages = queue.lrange("default", 0, -1) * 5
    random.Random(32).shuffle(messages)
    queue.delete("default")
    queue.rpush("default", *messages)
    chain.start("worker", "worker")
    drain(20)
    wait_until(lambda: queue.llen("default") == 0, 10)
    verify(accepted, chain.broker_admin_url)
    assert fetch("SELECT count(*), count(DISTINCT job_id) FROM effects") == [(120, 120)]
    assert fetch("SELECT DISTINCT attempts FROM jobs") == [(1,)]


def jobs_in(queue: redis.Redis) -> int:
    """Return how many jobs the queue's messages name; one that was published twice counts once."""
    bodies = [json.loads(message)["body"] for message in queue.lrange("default", 0, -1)]
    return len({job_id for body in bodies for job_id in json.loads(base64.b64decode(body))[1]["jobs"]})


def test_a_fifth_of_the_messages_dropped_after_the_broker_took_them_come_again(chain, queue, organization):
    without_canaries()
    chain.start("relay", work_ahead_ms=600_000)
    accepted = owe(organization, "fault.single", [{}] * 200)
    wait_until(lambda: queue.llen("default") == 200)
    dropped = drop_a_fifth(queue, random.Random(36))
    chain.start("worker")
    drain(20)
    verify(accepted, chain.broker_admin_url)
    assert dropped == 40
    assert value("SELECT count(*) FROM effects") == 200


def drop_a_fifth(queue: redis.Redis, rng: random.Random) -> int:
    messages = queue.lrange("default", 0, -1)
    return sum(queue.lrem("default", 1, message) for message in rng.sample(messages, len(messages) // 5))


def test_a_visibility_timeout_shorter_than_the_job_doubles_messages_and_no_effect(chain, organization):
    chain.start("relay")
    for _ in range(2):
        chain.await_ready(chain.spawn("worker", SHORT_VISIBILITY, broker_url=chain.broker_admin_url))
    accepted = owe(organization, "fault.single", [{"seconds": 1.6}] * 8)
    drain(20)
    verify(accepted, chain.broker_admin_url)
    assert fetch("SELECT count(*), count(DISTINCT job_id) FROM effects") == [(8, 8)]
    assert fetch("SELECT DISTINCT attempts FROM jobs") == [(1,)]


def test_forged_messages_are_ignored_and_counted_and_the_worker_goes_on(chain, organization, other_organization):
    _, worker = chain.start("relay", "worker")
    invoice = owe_invoices(organization, count=1)
    drain(10)
    job_id = invoice[0].request_id
    with Forger(chain.broker_admin_url) as forger:
        # Of the right shape, so only the rows can tell: no such job, a job of another kind, one that is done.
        forger.call("invoice.generate", {"version": 1, "jobs": [10**9]})
        forger.call("fault.single", {"version": 1, "jobs": [job_id]})
        forger.call("invoice.generate", {"version": 1, "jobs": [job_id]})
        expected = forger.forge(job_id)
    wait_until(lambda: refused() >= expected, 10, "not every forgery was counted")
    accepted = invoice + owe_invoices(organization, count=3)
    drain(10)
    verify(accepted, chain.broker_admin_url)
    assert refused() == expected
    assert worker.poll() is None
    assert not worker.said("Connection to broker lost")


def refused() -> int:
    """Return how many messages were not understood; one of a kind that is not known here may be a newer worker's."""
    return incidents("forged_message") + incidents("unknown_kind")


class Forger:
    """Somebody who can write into the broker."""

    def __init__(self, broker_url: str) -> None:
        self._app = Celery("forger", broker=broker_url)

    def __enter__(self) -> "Forger":
        self._connection = self._app.connection()
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.release()
        self._app.close()

    def call(self, task: str, body: Any, args: Any = (), **options: Any) -> None:
        self._app.send_task(task, args, body, queue="default", connection=self._connection, **options)

    def forge(self, job_id: int) -> int:
        """Send messages that nobody of ours would; return how many."""
        true = {"version": 1, "jobs": [job_id]}
        bodies = list(false_bodies(job_id))
        for body in bodies:
            self.call("invoice.generate", body)
        self.call("invoice.generate", {}, args=[1, [job_id]])
        self.call("invoice.generate", true, serializer="pickle")
        self.call("os.system", {})
        raw = list(raw_messages(true))
        for body, headers in raw:
            self._connection.Producer().publish(
                body, routing_key="default", headers=headers, content_type="application/json", content_encoding="utf-8"
            )
        return len(bodies) + 3 + len(raw)


def false_bodies(job_id: int) -> Iterable[dict[str, Any]]:
    yield from ({}, {"version": 1}, {"jobs": [job_id]}, {"version": 2, "jobs": [job_id]})
    yield {"version": 1, "jobs": [job_id], "organization": 1}
    for jobs in (job_id, str(job_id), [str(job_id)], [True], [None], [-1], [0], [2**63], [1.5], {"1": 1}, [[job_id]]):
        yield {"version": 1, "jobs": jobs}


def raw_messages(true: dict[str, Any]) -> Iterable[tuple[str, dict[str, Any]]]:
    """Yield bodies and headers that no Celery client writes."""
    call = json.dumps([[], true, {}])
    named = {"task": "invoice.generate", "id": "forged"}
    for body in ("{broken json", "[]", "null", '"text"', '{"task": "invoice.generate"}', '{"task": "no.such"}'):
        yield body, {}
    for headers in ({"task": "invoice.generate"}, {"task": "no.such"}, {"task": ["invoice.generate"], "id": "forged"}):
        yield call, headers
    for fault in ({"timelimit": "soon"}, {"eta": "tomorrow"}, {"expires": "never"}):
        yield call, named | fault


def test_jobs_of_a_kind_that_a_worker_does_not_know_are_put_back_for_one_that_does(chain, organization):
    _, older = chain.start("relay", "worker", program="import cli.main; cli.main.main()")
    accepted = owe(organization, "fault.single", [{}] * 3)
    wait_until(lambda: incidents("unknown_kind") >= 3, 20, "the worker did not notice")
    assert statuses() == {"PENDING": 3}
    assert older.poll() is None
    chain.start("worker")
    drain(30)
    verify(accepted)
