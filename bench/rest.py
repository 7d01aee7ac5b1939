"""The cost of each part when there is nothing left to do."""

import time

from bench.backlog import Workload
from bench.machine import Machine
from bench.order import Api
from bench.processes import Family, cpu_seconds
from bench.table import row
from bench.workloads import CHAIN, issue

PARTS = {"relay": CHAIN[0], "worker": CHAIN[1], "beat": ("cli", "beat"), "api": ("cli", "api")}
SETTLING, SECONDS, INVOICES = 8, 60, 2000


def measure(machine: Machine) -> dict:
    """Return of each part, when all has been done, the queries a second of its busiest process, % of a core, and MiB.

    The worker has two processes below it, the api one.
    """
    print("rest: queries, CPU, memory ...", flush=True)
    with machine.logging_statements(), machine.running(*PARTS.values()) as parts:
        Api(machine, "")
        issue(machine, Workload(1), INVOICES)
        time.sleep(SETTLING)
        statements, cpu = machine.statements.copy(), [cpu_seconds(part.pid) for part in parts]
        time.sleep(SECONDS)
        families = [Family.of(part.pid) for part in parts]
        return {
            name: {
                "queries": max(family.statements(machine, statements)) / SECONDS,
                "cpu": 100 * (cpu_seconds(family.leader.pid) - spent) / SECONDS,
                "MiB": family.memory(),
            }
            for name, family, spent in zip(PARTS, families, cpu, strict=True)
        }


def rows(figures: dict) -> list[dict]:
    """Return what was expected beside what was measured."""
    return [
        *(row(f"R11 {part} at rest, queries/s a process", figures[part]["queries"], most=1) for part in PARTS),
        *(row(f"R11 {part} at rest, % of a core", figures[part]["cpu"], most=0.5) for part in PARTS),
        row("api + relay + worker(2) + beat, MiB", sum(figure["MiB"] for figure in figures.values()), most=600),
    ]
