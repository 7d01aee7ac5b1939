"""The parts of the chain, each a function of this process: to be run, killed, and run again."""

import importlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache, partial
from itertools import groupby
from operator import itemgetter
from typing import Any

import psycopg
from kombu import Connection
from sqlalchemy.orm import Session

import celeryconfig
from counterfoil.crashkit.fuse import watch
from counterfoil.crashkit.recovery import TIME_PASSES
from db.engine import owner_url
from db.transaction import transaction
from domain.accounting.sources import KIND as ACCOUNTING
from domain.events.telling import PAUSE_S
from domain.invoices.request import InvoiceRequest
from domain.jobs.execution import run_jobs
from domain.jobs.lanes import LANES
from domain.jobs.registry import find
from tasks.app import JobsFailed, app, sweep
from tasks.publisher import Publisher
from tasks.relay import Relay
from tests.caller import application
from tests.tenant import Tenant
from tests.waiting import wait_until_answered

REQUESTS = "/api/v1/invoice-requests"
GENERATE = "/api/v1/invoices/generate"
UNFINISHED = "SELECT count(*) FROM jobs WHERE status IN ('PENDING', 'PROCESSING')"
MAX_ROUNDS = 30


class Consumer:
    """Takes messages as a Celery worker does: one from a lane, acknowledged before it is run."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._channel = connection.default_channel

    def take(self, lane: str) -> Any:
        """Return the next message of a lane, None when there is none."""
        return self._channel.basic_get(lane)

    def acknowledge(self, message: Any) -> None:
        message.ack()

    def close(self) -> None:
        """Leave as Celery does: what was taken and not acknowledged goes back to its lane."""
        self._connection.release()


watch(Consumer, "take")
watch(Consumer, "acknowledge")


def connect_celery() -> None:
    """Point the Celery application at the broker of this test."""
    importlib.reload(celeryconfig)
    app.config_from_object("celeryconfig", force=True)
    disconnect()


def disconnect() -> None:
    """Drop this process's lines to the broker; the next use makes new ones."""
    if _consumer_of.cache_info().currsize:
        _consumer_of(os.getpid()).close()
    _relay_of.cache_clear()
    _consumer_of.cache_clear()


# A connection must not be shared with a forked child: each process has its own.
@lru_cache(maxsize=1)
def _relay_of(pid: int) -> Relay:
    return Relay(Publisher(app))


@lru_cache(maxsize=1)
def _consumer_of(pid: int) -> Consumer:
    return Consumer(app.connection_for_read())


def post(tenant: Tenant, path: str, body: dict[str, Any], key: str | None = None) -> Any:
    """Send a request to the API, under an Idempotency-Key if one is given; return its answer."""
    headers = {"Authorization": f"Bearer {tenant.key}"} | ({"Idempotency-Key": key} if key else {})
    return application().test_client().post(path, json=body, headers=headers)


def get(tenant: Tenant, path: str) -> Any:
    return application().test_client().get(path, headers={"Authorization": f"Bearer {tenant.key}"})


def body(request: InvoiceRequest) -> dict[str, Any]:
    """Return the JSON that asks the API for `request`."""
    items = [
        {
            "description": item.description,
            "quantity": str(item.quantity),
            "unitPrice": str(item.unit_price),
            "taxRate": str(item.tax_rate),
        }
        for item in request.items
    ]
    return {"supplierId": request.supplier_id, "client": dict(request.client), "items": items}


def submit(tenant: Tenant, name: str, key: str | None = None) -> int:
    """Have an invoice to the client `name` queued; return the request's id."""
    send = partial(post, tenant, REQUESTS, body(tenant.request(name)), key)
    answer = wait_until_answered(send) if key else send()
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return answer.json["requestId"]


def submit_group(tenant: Tenant, requests: Sequence[InvoiceRequest]) -> list[int]:
    """Have several invoices queued by one request; return the ids in order."""
    answer = post(tenant, f"{REQUESTS}/bulk", {"requests": [body(request) for request in requests]})
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return [verdict["requestId"] for verdict in answer.json]


def relay() -> int:
    """Do one turn of the relay."""
    return _relay_of(os.getpid()).turn()


def take(lane: str) -> Any:
    """Return the next message of a lane, acknowledged; None when there is none."""
    consumer = _consumer_of(os.getpid())
    message = consumer.take(lane)
    if message:
        consumer.acknowledge(message)
    return message


def work() -> int:
    """Run every message that waits in the broker, urgent ones first; return how many there were."""
    return sum(1 for lane in LANES for _ in iter(partial(work_once, lane), False))


def work_once(lane: str = "default") -> bool:
    """Run the next message of a lane; return whether there was one."""
    message = take(lane)
    if message:
        run(message)
    return bool(message)


def run(message: Any) -> None:
    """Run a message's task as the worker does; that some of its jobs failed is in their rows."""
    arguments, named, _ = message.decode()
    with suppress(JobsFailed):
        app.tasks[message.headers["task"]](*arguments, **named)


def sweeper() -> None:
    """Run beat's sweep."""
    sweep()


def time_passes() -> None:
    """Let every lease expire and all that waits for its time fall due, as an hour would."""
    ask(TIME_PASSES)


def recover() -> None:
    """Restart everything: sweep, relay and work until no job is left that waits or runs."""
    for _ in range(MAX_ROUNDS):
        if not value(UNFINISHED):
            return
        _relay_of.cache_clear()
        time_passes()
        sweeper()
        while relay() + work():
            pass
    raise AssertionError(f"still unfinished: {rows('SELECT id, status, attempts, error FROM jobs')[-5:]}")


def keep_books() -> None:
    """Do the accounting that issued invoices have left behind."""
    run_waiting(ACCOUNTING)


def run_waiting(kind_name: str) -> None:
    """Run the jobs of a kind that wait, as a worker would a moment later; no broker is needed."""
    kind = find(kind_name)
    moment = f"available_at - interval '{PAUSE_S} s' <= clock_timestamp()"
    ask(f"UPDATE open_jobs SET available_at = clock_timestamp() WHERE kind = %s AND {moment}", kind_name)
    key = "group_key" if kind.by_key else "''"
    waiting = f"SELECT id, {key} FROM jobs WHERE kind = %s AND status = 'PENDING' ORDER BY 2, 1"
    for _, same in groupby(rows(waiting, kind_name), key=itemgetter(1)):
        ids = [job_id for job_id, _ in same]
        for start in range(0, len(ids), kind.group):
            run_jobs(kind, ids[start : start + kind.group])


@contextmanager
def rolled_back() -> Iterator[Session]:
    """Give the session of a transaction of which nothing stays."""
    with suppress(_RolledBack), transaction() as session:
        yield session
        raise _RolledBack


class _RolledBack(Exception):
    pass


def ask(statement: str, *parameters: object) -> None:
    with _connection(os.getpid(), owner_url()).cursor() as cursor:
        cursor.execute(statement, parameters)


def rows(statement: str, *parameters: object) -> list[tuple[Any, ...]]:
    """Return what a statement returns, read on a connection that no fault is injected into."""
    with _connection(os.getpid(), owner_url()).cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()


def value(statement: str, *parameters: object) -> Any:
    return rows(statement, *parameters)[0][0]


def look_away() -> None:
    """Close the connection by which this process looks at the database."""
    _connection.cache_clear()


@lru_cache(maxsize=1)
def _connection(pid: int, url: str) -> Any:
    return psycopg.connect(url, autocommit=True, application_name="onlooker")
