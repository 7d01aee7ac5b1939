"""Webhooks: how many deliveries a second, and what a receiver that hangs or is dead costs the others."""

import time
from collections.abc import Sequence
from dataclasses import replace
from urllib.request import urlopen

import settings
from bench import workloads
from bench.backlog import Workload
from bench.machine import CELERY_OPTIONS, Machine, wait_for
from bench.runs import several
from bench.table import row
from db.transaction import transaction
from domain import master_keys
from domain.events.telling import News, tell
from domain.invoices.intake import accept
from domain.webhooks import registration
from local.process import free_port
from settings import variable

IO = ("bench.command", "io")
ENDPOINTS, EVENTS, POSTS = 50, 40, 200
HANGING, HEALTHY_EVENTS, PAUSE_S = 1000, 200, 0.05
DEAD, DEAD_ENDPOINTS, INVOICES = 10_000, 10, 6000
SPAN = "SELECT extract(epoch FROM max(completed_at) - :start) FROM jobs WHERE id = ANY(:ids)"
OPEN = "SELECT EXISTS (SELECT FROM open_jobs WHERE id = ANY(:ids))"
# All of them, for longer than a measurement takes.
WAITING = """
    SELECT count(*) = :count FROM outbox
    WHERE kind = 'webhook.deliver' AND published_at IS NULL AND due_at > statement_timestamp() + interval '20 s'"""
UNDELIVERED = "SELECT EXISTS (SELECT FROM deliveries WHERE delivered_at IS NULL AND webhook_id = ANY(:ids))"
RATE = """
    SELECT count(*) / extract(epoch FROM max(delivered_at) - min(CAST(attempts -> 0 ->> 'at' AS timestamptz)))
    FROM deliveries WHERE webhook_id = ANY(:ids)"""
# From the change to the beginning of its first attempt.
P99_MS = """
    SELECT 1000 * percentile_cont(0.99) WITHIN GROUP (
        ORDER BY extract(epoch FROM CAST(attempts -> 0 ->> 'at' AS timestamptz) - e.created_at))
    FROM deliveries AS d JOIN events AS e USING (organization_id, sequence) WHERE webhook_id = :id"""


def measure(machine: Machine) -> dict:
    """Return deliveries a second and those of the naive design, and what others lose beside hanging and dead ones."""
    port = _prepare(machine)
    with machine.running(("bench.receiver", str(port))):
        wait_for(lambda: _answers(port), pause=0.05)
        return {
            "deliveries": several("deliveries", lambda: deliveries(machine, port)),
            "naive": several("naive deliveries", lambda: naive(machine, port)),
            "healthy p99 ms": several("healthy alone", lambda: healthy(machine, port, hanging=0)),
            "beside hanging": several("healthy beside hanging", lambda: healthy(machine, port, hanging=HANGING)),
            "queue": several("queue alone", lambda: queue(machine, dead=0)),
            "beside dead": several("queue beside dead", lambda: queue(machine, dead=DEAD)),
            "bulk": several("bulk without webhooks", lambda: bulk(machine)),
            "bulk told": several("bulk with a webhook", lambda: bulk(machine, f"http://127.0.0.1:{port}/told")),
        }


def rows(figures: dict) -> list[dict]:
    """Return what was expected beside what was measured."""
    of = {name: figure["median"] for name, figure in figures.items()}
    return [
        row("deliveries/s, 50 webhooks that take 50 ms / a Celery task that posts with requests",
            of["deliveries"] / of["naive"], least=10),
        row(f"p99 of a healthy webhook beside {HANGING} deliveries to one that hangs / alone",
            of["beside hanging"] / of["healthy p99 ms"], most=1.5),
        row(f"invoices/s beside {DEAD} deliveries to dead webhooks / alone",
            of["beside dead"] / of["queue"], least=0.98),
        row("invoices/s of an organization with a webhook / without", of["bulk told"] / of["bulk"], least=0.85),
    ]  # fmt: skip


def deliveries(machine: Machine, port: int) -> float:
    """Return deliveries a second to many webhooks, from a backlog that is there at the start."""
    work = Workload(1)
    ids = [_hook(work, f"http://127.0.0.1:{port}/{n}") for n in range(ENDPOINTS)]
    _tell(work, "transfer.sent", EVENTS)
    with machine.running(*workloads.CHAIN, IO):
        _await_delivery(machine, ids)
    return float(machine.scalar(RATE, ids=ids))


def naive(machine: Machine, port: int) -> float:
    """Return deliveries a second of the design that everybody writes: a task for each, which posts with requests."""
    from bench.peers import post

    before = _came(port)
    for number in range(POSTS):
        post.delay(f"http://127.0.0.1:{port}/{number % ENDPOINTS}", "x" * 1000)
    with machine.running(("celery", "-A", "bench.peers", "worker", "-Q", "naive", *CELERY_OPTIONS)):
        wait_for(lambda: _came(port) > before, pause=0.01)
        started, first = time.monotonic(), _came(port)
        wait_for(lambda: _came(port) == before + POSTS, pause=0.01)
        return (before + POSTS - first) / (time.monotonic() - started)


def healthy(machine: Machine, port: int, hanging: int) -> float:
    """Return the p99 in ms until the first attempt of events that come one by one, beside so many that hang."""
    work = Workload(1)
    if hanging:
        _hook(work, f"http://127.0.0.1:{port}/hang", "transfer.sent")
        _tell(work, "transfer.sent", hanging)
    id_ = _hook(work, f"http://127.0.0.1:{port}/healthy", "sale.completed")
    with machine.running(*workloads.CHAIN, IO):
        time.sleep(5)  # so that the others have begun to hang
        for _ in range(HEALTHY_EVENTS):
            _tell(work, "sale.completed", 1)
            time.sleep(PAUSE_S)
        _await_delivery(machine, [id_])
    p99 = float(machine.scalar(P99_MS, id=id_))
    machine.execute("DELETE FROM webhooks")
    return p99


def queue(machine: Machine, dead: int) -> float:
    """Return invoices a second of one organization beside another's deliveries that wait, as nobody listens there."""
    if dead:
        other = Workload(1)
        for _ in range(DEAD_ENDPOINTS):
            _hook(other, f"http://127.0.0.1:{free_port()}/")
        _tell(other, "transfer.sent", dead // DEAD_ENDPOINTS)
    work = Workload(1000)
    with machine.running(*workloads.CHAIN, IO):
        _issue(machine, work, workloads.WARM_UP)
        wait_for(lambda: machine.scalar(WAITING, count=dead), pause=0.05)
        rate = _issue(machine, work, INVOICES)
    machine.execute("DELETE FROM webhooks")
    return rate


def bulk(machine: Machine, url: str | None = None) -> float:
    """Return invoices a second of an organization whose events are numbered and owed to a webhook meanwhile, if any."""
    work = Workload(1000)
    if url:
        _hook(work, url)
    with machine.running(*workloads.CHAIN):
        _issue(machine, work, workloads.WARM_UP)
        return _issue(machine, work, INVOICES)


def _issue(machine: Machine, work: Workload, count: int) -> float:
    """Return invoices a second until all are COMPLETED, whatever else waits."""
    requests = [work.request(number) for number in range(count)]
    ids: list = []
    start = machine.scalar("SELECT clock_timestamp()")
    for first in range(0, count, workloads.BATCH):
        with transaction() as session:
            ids += accept(session, requests[first : first + workloads.BATCH])
    for some in (ids[-50:], ids):  # asked while the clock runs, so it must cost nothing
        wait_for(lambda: not machine.scalar(OPEN, ids=some), pause=workloads.PAUSE)  # noqa: B023
    return count / float(machine.scalar(SPAN, ids=ids, start=start))


def _prepare(machine: Machine) -> int:
    """Give this process and those of the machine a master key, and have them tell loopback; return a free port."""
    given = {"master_keys": master_keys.new_key(), "webhook_allow_http": 1, "webhook_allowed_networks": "127.0.0.0/8"}
    settings.use(replace(settings.current(), **given))
    machine.more |= {variable(name): str(value) for name, value in given.items()}
    return free_port()


def _hook(work: Workload, url: str, event_type: str = "*") -> int:
    with transaction() as session:
        fields = {"url": url, "event_types": [event_type], "enabled": True}
        return registration.create(session, work.organization_id, fields).id


def _tell(work: Workload, name: str, count: int) -> None:
    with transaction() as session:
        tell(session, work.organization_id, [News(name, {"transferId": n, "note": "x" * 700}) for n in range(count)])


def _await_delivery(machine: Machine, ids: Sequence[int]) -> None:
    wait_for(lambda: machine.scalar("SELECT count(*) FROM deliveries WHERE webhook_id = ANY(:ids)", ids=list(ids)))
    wait_for(lambda: not machine.scalar(UNDELIVERED, ids=list(ids)), pause=0.05)


def _came(port: int) -> int:
    with urlopen(f"http://127.0.0.1:{port}/") as answer:
        return int(answer.read())


def _answers(port: int) -> bool:
    try:
        _came(port)
    except OSError:
        return False
    return True
