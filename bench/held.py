"""A transaction that somebody forgot: while it is open, nothing that was deleted or changed since can be vacuumed."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

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
    """Return the invoices a second before a held transaction and late in it, and when after it they are as many."""
    with machine.running(*CHAIN):
        with Load(machine, Workload(SUPPLIERS)) as load:
            before = rate(machine, WINDOW)
            print(f"held: {before:,.0f}/s; a transaction stays open for {HELD} s ...", flush=True)
            with _snapshot(machine):
                time.sleep(HELD - WINDOW)
                held = rate(machine, WINDOW)
            ended = time.time()
            time.sleep(AFTER)
            ticks = completed(machine, ended, ended + AFTER)
        load.verify()
    back = seconds_until_back(ticks, before)
    print(f"held: {held:,.0f}/s, back after {back:.1f} s", flush=True)
    return {"before": before, "held": held, "seconds_until_back": back}


def rows(figures: dict) -> list[dict]:
    """Return what was expected beside what was measured."""
    return [
        row(f"R7 a transaction held for {HELD} s: throughput / before", figures["held"] / figures["before"], 0.95),
        row("R7 ... ended: seconds until it is 95 % of that before", figures["seconds_until_back"], most=5),
    ]


@contextmanager
def _snapshot(machine: Machine) -> Iterator[None]:
    with psycopg.connect(machine.postgres.url, autocommit=True, application_name="held") as connection:
        connection.execute(SNAPSHOT)
        yield
