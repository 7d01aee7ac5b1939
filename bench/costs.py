"""The cost of an invoice in bulk: statements, commits, broker commands, and time on the cores of every process."""

from bench.backlog import Workload
from bench.machine import Machine
from bench.processes import Family, cpu_seconds
from bench.runs import RUNS, summary
from bench.table import row
from bench.workloads import CHAIN, WARM_UP, issue

SUPPLIERS, INVOICES, LOGGED = 1000, 20_000, 5000
# Transactions that wrote something: only these take an id.
WRITING = "SELECT CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint)"


def measure(machine: Machine) -> dict:
    """Return what relay, worker and broker spend on each of many invoices; PostgreSQL's time has the intake's in it."""
    print("costs: statements, commits, broker commands, CPU ...", flush=True)
    runs = [_spent(machine) for _ in range(RUNS)]
    return {"statements": _statements(machine)} | {name: summary([run[name] for run in runs]) for name in runs[0]}


def rows(figures: dict) -> list[dict]:
    """Return what was expected beside what was measured."""
    return [
        row("R8 statements of an invoice in bulk", figures["statements"], most=0.1),
        row("R8 ... commits that write", figures["commits"]["median"], most=0.02),
        row("R8 ... broker commands", figures["broker commands"]["median"], most=0.1),
        row("R8 ... CPU of relay, worker and broker, us", figures["our us"]["median"]),
        row("R8 ... CPU of PostgreSQL, us", figures["PostgreSQL's us"]["median"]),
        row("R8 ... CPU of all these, us", figures["us"]["median"], most=150),
    ]


def _spent(machine: Machine) -> dict[str, float]:
    work = Workload(SUPPLIERS)
    with machine.running(*CHAIN) as parts:

        def now() -> list[float]:
            ours = sum(cpu_seconds(part.pid) for part in (*parts, machine.broker))
            commands = machine.valkey.info()["total_commands_processed"]
            return [machine.scalar(WRITING), commands, ours, cpu_seconds(machine.postgres.pid)]

        issue(machine, work, WARM_UP)
        before = now()
        issue(machine, work, INVOICES)
        commits, commands, ours, postgres = (b - a for a, b in zip(before, now(), strict=True))
    work.verify(WARM_UP + INVOICES)
    microseconds = {"our us": 1e6 * ours, "PostgreSQL's us": 1e6 * postgres, "us": 1e6 * (ours + postgres)}
    spent = {"commits": commits, "broker commands": commands, **microseconds}
    return {name: amount / INVOICES for name, amount in spent.items()}


def _statements(machine: Machine) -> float:
    work = Workload(SUPPLIERS)
    with machine.logging_statements(), machine.running(*CHAIN) as parts:
        issue(machine, work, WARM_UP)
        before = machine.statements.copy()
        issue(machine, work, LOGGED)
        return sum(sum(Family.of(part.pid).statements(machine, before)) for part in parts) / LOGGED
