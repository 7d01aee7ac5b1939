"""A transaction that somebody forgot: while it is open, nothing that was deleted or changed since can be vacuumed.

A machine is not equally fast all the time: what a load does late in the transaction is compared with what it did before
it and does again once all is vacuumed.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from bench.backlog import Workload
from bench.load import Load, completed, rate, seconds_until_back
from bench.machine import Machine, wait_for
from bench.table import row
from bench.workloads import CHAIN

SUPPLIERS = 1000
HELD, WINDOW, AFTER = 600, 150, 40
DEAD = "SELECT sum(n_dead_tup) FROM pg_stat_user_tables WHERE relname IN ('open_jobs', 'outbox', 'number_series')"
SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM organizations"


def measure(machine: Machine) -> dict:
    """Return the invoices a second late in a held transaction and without one, and when after it they are as many."""
    with machine.running(*CHAIN):
        with Load(machine, Workload(SUPPLIERS)) as load:
            before = rate(machine, WINDOW)
            print(f"held: {before:,.0f}/s; a transaction stays open for {HELD} s ...", flush=True)
            with _snapshot(machine):
                time.sleep(HELD - WINDOW)
                held = rate(machine, WINDOW)
            ended, dead = time.time(), machine.scalar(DEAD)
            wait_for(lambda: machine.scalar(DEAD) < dead / 10, seconds=900, pause=1)
            time.sleep(AFTER)
            after = rate(machine, WINDOW)
            ticks = completed(machine, ended, ended + AFTER)
        load.verify()
    free = (before + after) / 2
    back = seconds_until_back(ticks, free)
    print(f"held: {held:,.0f}/s, back after {back:.1f} s, then {after:,.0f}/s", flush=True)
    return {"before": before, "held": held, "after": after, "free": free, "seconds_until_back": back}


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
