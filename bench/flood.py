"""One organization floods: what a hundred others wait beside it, and what it costs to choose who goes next."""

import random
import statistics
import time
from collections.abc import Sequence

import settings
from bench import masses
from bench.backlog import Workload
from bench.idle import percentiles
from bench.load import ACCEPTED
from bench.machine import Machine, wait_for
from bench.table import row
from bench.workloads import CHAIN
from db import outbox
from db.outbox import Stream, Turn
from db.transaction import transaction
from domain.invoices.intake import KIND
from domain.jobs.lanes import DEFAULT, LANES
from domain.jobs.priorities import HIGH, NORMAL
from domain.jobs.submission import enqueue

FLOOD, FEW = 1_000_000, 10
OTHERS, TRICKLE, PAUSE = 100, 1500, 0.04
BATCHES, BATCH, BATCH_PAUSE = 30, 10, 0.5
CHOICES = 1000
TIMES = (
    "SELECT array_agg(CAST(1000 * extract(epoch FROM {until} - created_at) AS float)) FROM jobs WHERE id = ANY(:ids)"
)
LEFT = "SELECT count(*) FROM outbox WHERE organization_id = :id"


def measure(machine: Machine) -> dict:
    """Return p50 and p99 in ms of what others wait, alone and beside a flood, and the median ms of a choice."""
    flooding, others = Workload(1000), [Workload(1) for _ in range(OTHERS)]
    masses.owe(machine, flooding, FEW)
    machine.settle()
    figures: dict = {"choice_ms": {"few": choosing_ms(flooding.organization_id)}}
    print("flood: others alone, then beside it ...", flush=True)
    with machine.running(*CHAIN):
        figures["alone"] = _waits(machine, others)
    print(f"flood: writing {FLOOD:,} jobs ...", flush=True)
    masses.owe(machine, flooding, FLOOD)
    machine.settle()
    figures["choice_ms"]["flood"] = choosing_ms(flooding.organization_id)
    with machine.running(*CHAIN):
        figures["beside"] = _waits(machine, others)
        if not machine.scalar(LEFT, id=flooding.organization_id):
            raise AssertionError("the flood was over before the measurement was")
    for other in others:
        other.verify(machine.scalar(ACCEPTED, id=other.organization_id))
    machine.execute("TRUNCATE outbox, open_jobs")
    return figures


def rows(figures: dict) -> list[dict]:
    """Return what was expected beside what was measured."""
    alone, beside, choice = figures["alone"], figures["beside"], figures["choice_ms"]
    return [
        row(f"R9 one of {OTHERS + 1} organizations floods: the others' p99 until claimed / alone",
            beside["claimed_ms"]["p99"] / alone["claimed_ms"]["p99"], most=1.5),
        row("R9 ... p99 until completed / alone",
            beside["completed_ms"]["p99"] / alone["completed_ms"]["p99"], most=1.5),
        row(f"R9 ... an urgent batch of {BATCH}, p50 / alone",
            beside["urgent_ms"]["p50"] / alone["urgent_ms"]["p50"], most=2),
        row(f"R9 choosing what goes next: {FLOOD:,} waiting / {FEW}", choice["flood"] / choice["few"], most=1.2),
    ]  # fmt: skip


def choosing_ms(organization_id: int) -> float:
    """Return the median ms of the relay's two statements that choose the next few entries; nothing is kept."""
    times = []
    for _ in range(CHOICES):
        with transaction() as session:
            started = time.perf_counter()
            outbox.waiting(session, LANES)
            entries = outbox.lease(session, [turn(organization_id, FEW)], settings.current().redelivery_interval)
            times.append(1000 * (time.perf_counter() - started))
            session.rollback()
        if len(entries) != FEW:
            raise AssertionError(f"the run does not count: {len(entries)} of {FEW} entries leased")
    return statistics.median(times)


def turn(organization_id: int, most: int) -> Turn:
    """Return the turn of an organization's invoices."""
    return Turn(Stream(DEFAULT, NORMAL, organization_id, KIND), outbox.BEGINNING, most)


def _waits(machine: Machine, others: Sequence[Workload]) -> dict[str, dict[str, float]]:
    """Let single invoices of the others trickle in, then urgent batches; return what they waited."""
    _finish(machine, others[0].submit(1))
    single: list[int] = []
    for _ in range(TRICKLE):
        single += random.choice(others).submit(1)
        time.sleep(PAUSE)
    _finish(machine, single)
    urgent = []
    for _ in range(BATCHES):
        batch = _submit_urgent(random.choice(others))
        _finish(machine, batch)
        urgent.append(max(_times(machine, batch, "completed_at")))
        time.sleep(random.uniform(0, BATCH_PAUSE))
    return {
        "claimed_ms": percentiles(_times(machine, single, "started_at")),
        "completed_ms": percentiles(_times(machine, single, "completed_at")),
        "urgent_ms": percentiles(urgent),
    }


def _submit_urgent(work: Workload) -> list[int]:
    payloads = [(str(work.suppliers[0]), work.request(number).payload()) for number in range(BATCH)]
    with transaction() as session:
        return enqueue(session, work.organization_id, KIND, payloads, HIGH)


def _finish(machine: Machine, ids: Sequence[int]) -> None:
    wait_for(lambda: machine.scalar("SELECT count(*) FROM completed_jobs WHERE id = ANY(:ids)", ids=ids) == len(ids))


def _times(machine: Machine, ids: Sequence[int], until: str) -> list[float]:
    return machine.scalar(TIMES.format(until=until), ids=ids)
