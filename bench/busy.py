"""How soon a single request is done while the system does 70 % of what it can."""

import random
import time
from dataclasses import replace

from bench.backlog import Workload
from bench.idle import TIMES, percentiles
from bench.load import ACCEPTED, Load, rate
from bench.machine import Machine
from bench.table import row
from bench.workloads import CHAIN, await_end
from db.transaction import transaction
from domain.invoices.intake import accept
from domain.invoices.request import InvoiceRequest

SUPPLIERS, CAPACITY_SECONDS = 1000, 60
SHARE, SECONDS, PAUSE, SINGLES = 0.7, 60, 0.05, 600
LATE = 0.02


def measure(machine: Machine) -> dict:
    """Return p50 and p99 in ms from accepted to numbered, of single requests and of the load beside them.

    What it can do is to accept and issue invoices and enter them into the journal, for minutes. The load is a bulk
    every 50 ms, for many suppliers of one organization; the singles are another supplier's of the same one, at random
    moments.
    """
    work = Workload(SUPPLIERS + 1)
    alone = replace(work.request(0), supplier_id=work.suppliers.pop())
    with machine.running(*CHAIN):
        with Load(machine, work) as steady:
            most = rate(machine, CAPACITY_SECONDS)
        steady.verify()
        before = machine.scalar(ACCEPTED, id=work.organization_id)
        print(f"busy: {SHARE:.0%} of {most:,.0f}/s ...", flush=True)
        size = round(SHARE * most * PAUSE)
        bulks = [[work.request(first + n) for n in range(size)] for first in range(0, SUPPLIERS, size)]
        singles, load = _offer(work, alone, bulks)
        await_end(machine)
    work.suppliers.append(alone.supplier_id)
    work.verify(before + len(singles + load))
    waits = {"singles": machine.scalar(TIMES, ids=singles), "load": machine.scalar(TIMES, ids=load)}
    return {"capacity": most, **{name: percentiles(times) for name, times in waits.items()}}


def rows(figures: dict) -> list[dict]:
    """Return what was expected beside what was measured."""
    return [
        row("R5 at 70 % load: a single request accepted to numbered, p99 ms", figures["singles"]["p99"], most=100),
        row("R5 ... any request of the load itself, p99 ms", figures["load"]["p99"]),
    ]


def _offer(work: Workload, alone: InvoiceRequest, bulks: list[list[InvoiceRequest]]) -> tuple[list, list]:
    """Submit both, each at its time, whatever is done meanwhile; return the ids of the singles and of the load."""
    singles: list = []
    load: list = []
    times = [(random.uniform(0, SECONDS), singles, [alone]) for _ in range(SINGLES)]
    times += [(n * PAUSE, load, bulks[n % len(bulks)]) for n in range(round(SECONDS / PAUSE))]
    started = time.monotonic()
    for due, ids, requests in sorted(times, key=lambda each: each[0]):
        time.sleep(max(0, started + due - time.monotonic()))
        with transaction() as session:
            ids += accept(session, requests)
    if time.monotonic() - started > (1 + LATE) * SECONDS:
        raise AssertionError("the run does not count: the load could not be offered in time")
    return singles, load
