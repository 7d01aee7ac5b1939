"""A transaction that somebody forgot: while it is open, nothing that was deleted or changed since can be vacuumed."""

import time

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
    """Return the invoices a second before, late in and after the time that a transaction is held, under steady load."""
    print(f"held: a transaction stays open for {HELD} s ...", flush=True)
    with machine.running(*CHAIN):
        with Load(machine, Workload(SUPPLIERS)) as load:
            before = rate(machine, WINDOW)
            with psycopg.connect(machine.postgres.url, autocommit=True, application_name="held") as connection:
                connection.execute(SNAPSHOT)
                time.sleep(HELD - WINDOW)
                held = rate(machine, WINDOW)
            ended = time.time()
            after = rate(machine, AFTER)
            back = seconds_until_back(completed(machine, ended, ended + AFTER), before)
        load.verify()
    print(f"held: {before:,.0f}/s before, {held:,.0f}/s held, back after {back:.1f} s", flush=True)
    return {"before": before, "held": held, "after": after, "seconds_until_back": back}


def rows(figures: dict) -> list[dict]:
    """Return what was expected beside what was measured."""
    return [
        row(f"R7 a transaction held for {HELD} s: throughput / before", figures["held"] / figures["before"], 0.95),
        row("R7 ... ended: seconds until it is 95 % of that before", figures["seconds_until_back"], most=5),
    ]
