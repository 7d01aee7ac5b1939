"""Row-level security: what the wall between organizations costs bulk intake and drain, in the database's own time."""

from collections.abc import Callable

import psutil

from bench.machine import Machine
from bench.runs import summary
from bench.table import row
from bench.webhooks import INVOICES, bulk

PAIRS = 6
WAYS = (("with", "ENABLE"), ("without", "DISABLE"))
TABLES = """
    SELECT array_agg(relname) FROM pg_class WHERE relrowsecurity AND relnamespace = CAST('public' AS regnamespace)"""


def measure(machine: Machine) -> dict:
    """Return the processor seconds of PostgreSQL and the invoices a second, with the policies and without, in turns."""
    taken: dict[str, list[float]] = {"with": [], "without": []}
    rates: dict[str, list[float]] = {"with": [], "without": []}
    tables = machine.scalar(TABLES)
    bulk(machine)  # the first finds nothing in memory
    for pair in range(PAIRS):
        for name, word in WAYS if pair % 2 else reversed(WAYS):
            for table in tables:
                machine.execute(f"ALTER TABLE {table} {word} ROW LEVEL SECURITY")
            seconds, rate = _of_server(machine, lambda: bulk(machine))
            taken[name].append(seconds)
            rates[name].append(rate)
            print(f"{name} the wall: {seconds:.2f} s of PostgreSQL, {rate:,.0f}/s", flush=True)
    return {"seconds": {name: summary(values) for name, values in taken.items()},
            "rates": {name: summary(values) for name, values in rates.items()}}  # fmt: skip


def rows(figures: dict) -> list[dict]:
    """Return what was expected beside what was measured."""
    seconds, rates = figures["seconds"], figures["rates"]
    return [
        row(f"{INVOICES} invoices: processor seconds of PostgreSQL with row-level security / without",
            seconds["with"]["median"] / seconds["without"]["median"], most=1.03),
        row("... invoices/s with it / without", rates["with"]["median"] / rates["without"]["median"], least=0.97),
    ]  # fmt: skip


def _of_server(machine: Machine, run: Callable[[], float]) -> tuple[float, float]:
    """Return how many processor seconds PostgreSQL used while `run` ran, and what that returned."""
    before = _used(machine)
    rate = run()
    return _used(machine) - before, rate


def _used(machine: Machine) -> float:
    server = psutil.Process(machine.postgres.pid)
    own = server.cpu_times()
    backends = [child.cpu_times() for child in server.children()]
    ended = own.children_user + own.children_system
    return ended + sum(one.user + one.system for one in [own, *backends])
