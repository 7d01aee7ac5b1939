"""Invoices in bulk beside what PostgreSQL can do, the design everybody writes first, and bare Celery."""

from functools import partial

from bench import workloads
from bench.ceiling import ceiling
from bench.machine import Machine
from bench.runs import several
from bench.table import row

SUPPLIERS, INVOICES, SECONDS = 1000, 20_000, 3


def measure(machine: Machine) -> dict:
    """Return what each does a second; M and HB are the ceilings for 1,000 suppliers and for one."""
    plan = {
        "bare Celery no-op": partial(workloads.bare_celery, machine, 3000),
        "naive Celery": partial(workloads.naive, machine, 400),
        "M": partial(ceiling, machine, SUPPLIERS, SECONDS),
        "1,000 suppliers": partial(workloads.invoices, machine, INVOICES, SUPPLIERS),
        "HB": partial(ceiling, machine, 1, SECONDS),
        "hot supplier": partial(workloads.invoices, machine, INVOICES, 1),
    }
    return {name: several(name, run) for name, run in plan.items()}


def rows(figures: dict) -> list[dict]:
    """Return what was expected beside what was measured."""
    per_second = {name: figure["median"] for name, figure in figures.items()}
    many, hot = per_second["1,000 suppliers"], per_second["hot supplier"]
    return [
        row("R1 bulk intake to COMPLETED, 1,000 suppliers / M", many / per_second["M"], 0.6),
        row("R1 ... / naive Celery", many / per_second["naive Celery"], 10),
        row("R1 ... / bare Celery no-op", many / per_second["bare Celery no-op"], 3),
        row("R3 one hot supplier / HB", hot / per_second["HB"], 0.7),
        row("R3 ... / 1,000 suppliers", hot / many, 0.8),
    ]
