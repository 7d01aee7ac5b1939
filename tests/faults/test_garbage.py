"""Garbage in the broker is dropped and counted at once; the worker that read it goes on."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from celery import Celery

from tests.faults.load import drain, fetch, incidents, owe, verify, without_canaries
from tests.waiting import wait_until

DEEP = "[" * 200_000
GARBAGE_S = 3.0
ABUSES = {
    "eta": "2099-01-01T00:00:00+00:00",
    "expires": "2000-01-01T00:00:00+00:00",
    "timelimit": [0.001, None],
    "retries": 7,
    "shadow": "another.name",
    "group": "a group",
    "chord": {"task": "queue.sweep"},
    "callbacks": [{"task": "queue.sweep"}],
    "errbacks": [{"task": "queue.sweep"}],
    "reply_to": "urgent",
    "stamped_headers": ["stamp"],
}


@pytest.fixture
def lane(broker) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(broker) as client:
        yield client


def test_garbage_between_real_messages_is_counted_and_delays_nothing(chain, lane, organization):
    true, accepted = true_message(chain, lane, organization)
    [worker] = chain.start("worker")
    drain(10)
    children = worker.children
    garbage = [*envelopes(true), *bodies(true)]
    for one in garbage:
        lane.lpush("default", one)
        accepted += owe(organization, "fault.single", [{}])
    drain(GARBAGE_S + len(garbage) * 0.1)
    wait_until(lambda: incidents("forged_message") >= len(garbage), GARBAGE_S, "not every piece was counted")
    verify(accepted, chain.broker_admin_url)
    assert fetch("SELECT count(*), count(DISTINCT job_id) FROM effects") == [(len(accepted), len(accepted))]
    assert incidents("forged_message") == len(garbage)
    assert (worker.poll(), worker.children) == (None, children)
    assert not worker.said("Connection to broker lost")
    assert not worker.said("Traceback")


def test_garbage_among_the_commands_to_all_workers_is_counted(chain, lane, organization):
    chain.start("relay")
    [worker] = chain.start("worker")
    garbage = ["not json", b"\xff\xfe", "[]", "null", "7", "{}", DEEP]
    for one in garbage:
        assert lane.publish("/0.celery.pidbox", one) == 1
    wait_until(lambda: incidents("forged_message") == len(garbage), GARBAGE_S, "not every piece was counted")
    accepted = owe(organization, "fault.single", [{}])
    drain(GARBAGE_S)
    verify(accepted, chain.broker_admin_url)
    assert worker.poll() is None


def test_a_worker_is_looked_at_through_the_broker_and_obeys_nobody_there(chain, organization):
    chain.start("relay")
    [worker] = chain.start("worker")
    with Celery(broker=chain.broker_url, set_as_current=False) as app:
        for command in ("shutdown", "pool_shrink", "rate_limit", "time_limit", "cancel_consumer", "revoke"):
            app.control.broadcast(command, arguments={"queue": "default", "task_id": "x", "n": 2})
        wait_until(lambda: incidents("refused_command") == 6, GARBAGE_S, "not every command was counted")
        answers = app.control.inspect(timeout=GARBAGE_S, limit=1)
        assert answers.ping()
        assert answers.stats()
        assert list(answers.conf().values()) == [{"error": "refused"}]
        assert [list(ask().values()) for ask in (answers.active, answers.scheduled, answers.revoked)] == [[[]]] * 3
    accepted = owe(organization, "fault.single", [{}])
    drain(GARBAGE_S)
    verify(accepted, chain.broker_admin_url)
    assert worker.poll() is None


def true_message(chain, lane: redis.Redis, organization) -> tuple[dict[str, Any], list]:
    """Return a message as the relay wrote it, and the job that it is about."""
    without_canaries()
    chain.start("relay")
    accepted = owe(organization, "fault.single", [{}])
    wait_until(lambda: lane.llen("default") == 1)
    return json.loads(lane.lindex("default", 0)), accepted


def envelopes(true: dict[str, Any]) -> Iterator[bytes | str]:
    """Yield what is no message at all, and what lacks a part of one or has another thing in its stead."""
    yield from ("not json", "", b"\xff\xfe", "[]", "null", "true", "7", "9" * 5_000, '"text"', "{}", DEEP)
    yield from ('{"__type__": "decimal", "__value__": "x"}', '{"__type__": "bytes", "__value__": 1}')
    for part in ("body", "headers", "properties", "content-type"):
        yield json.dumps({name: value for name, value in true.items() if name != part})
        for wrong in (None, 7, "text", [], [1], {"a": 1}):
            yield json.dumps(true | {part: wrong})
    yield json.dumps(true | {"content-encoding": 7})
    yield json.dumps(true | {"headers": true["headers"] | {"compression": "application/x-gzip"}})
    for name, value in ABUSES.items():
        yield json.dumps(true | {"headers": true["headers"] | {name: value}})
    for wrong in ({"delivery_tag": []}, {"body_encoding": "rot13"}, {"delivery_info": [1]}):
        yield json.dumps(true | {"properties": true["properties"] | wrong})


def bodies(true: dict[str, Any]) -> Iterator[str]:
    """Yield true messages whose body is none of ours."""
    [args, named, options] = json.loads(base64.b64decode(true["body"]))
    for body in (
        None,
        7,
        "text",
        [],
        {},
        [1, 2, 3],
        [args, named],
        [args, named, 7],
        [args, [], options],
        [args, {}, {}],
    ):
        yield with_body(true, json.dumps(body))
    yield with_body(true, json.dumps([args, named, options | {"chain": [{"task": "queue.sweep"}]}]))
    yield from (with_body(true, text) for text in ("", "{broken", DEEP, '[[], {"__type__": [], "__value__": 1}, {}]'))
    sweep = true | {"headers": true["headers"] | {"task": "queue.sweep"}}
    yield from (with_body(sweep, json.dumps(body)) for body in (None, [[1], {}, {}], [[], named, {}]))


def with_body(true: dict[str, Any], text: str) -> str:
    return json.dumps(true | {"body": base64.b64encode(text.encode()).decode()})
