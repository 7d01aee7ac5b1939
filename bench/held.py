"""A transaction that somebody forgot: while it is open, nothing that was deleted or changed since can be vacuumed.

A load becomes slower in its first minutes whoever holds what: what it is beside the transaction is compared with what
another is at the same age, beside which nobody holds anything.
"""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import psycopg

from bench.backlog import Workload
from bench.load import Load, completed, rate, seconds_until_back
from bench.machine import Machine
from bench.table import row
from bench.workloads import CHAIN

SUPPLIERS = 1000
HELD, WINDOW, AFTER = 600, 150, 40
SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM organizations"


def measure(machine: Machine) -> dict:
    """Return the invoices a second without and late in a held transaction, and when after it they are as many."""
    free, free_ticks = _loaded(machine, nullcontext())
    print(f"held: {free:,.0f}/s; a transaction stays open for {HELD} s ...", flush=True)
    machine.renew()
    held, ticks = _loaded(machine, _snapshot(machine))
    back = seconds_until_back(ticks, sum(free_ticks) / AFTER)
    print(f"held: {held:,.0f}/s, back after {back:.1f} s", flush=True)
    return {"free": free, "held": held, "seconds_until_back": back}


def rows(figures: dict) -> list[dict]:
    """Return what was expected beside what was measured."""
    return [
        row(f"R7 a transaction held for {HELD} s: throughput / without", figures["held"] / figures["free"], 0.95),
        row("R7 ... ended: seconds until it is 95 % of that without", figures["seconds_until_back"], most=5),
    ]


@contextmanager
def _snapshot(machine: Machine) -> Iterator[None]:
    with psycopg.connect(machine.postgres.url, autocommit=True, application_name="held") as connection:
        connection.execute(SNAPSHOT)
        yield


def _loaded(machine: Machine, holding: AbstractContextManager[None]) -> tuple[float, list[int]]:
    """Return the invoices a second late in a steady load while `holding`, and those of each tick afterwards."""
    with machine.running(*CHAIN):
        with Load(machine, Workload(SUPPLIERS)) as load:
            with holding:
                time.sleep(HELD - WINDOW)
                late = rate(machine, WINDOW)
            ended = time.time()
            time.sleep(AFTER)
            ticks = completed(machine, ended, ended + AFTER)
        load.verify()
    return late, ticks
