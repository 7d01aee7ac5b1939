"""`make bench`: one run on this machine, a table of ratios, the same as JSON in bench/results/; `full` adds peers."""

import json
import sys
import time
from pathlib import Path

import bench.kinds  # noqa: F401  registers them
from bench import intake, order, workloads
from bench.machine import Machine, machine
from bench.rivals import document
from bench.rivals.comparison import compare
from bench.runs import several
from bench.table import render, row
from db import migrations
from settings import database_url, settings
from tasks import kinds

RESULTS = Path(__file__).parent / "results"
# The 8 ms expected of us were said of a machine on which a bare task starts after 2.6 ms.
LATENCY_RATIO = 3.1


def main() -> None:
    full = sys.argv[1:] == ["full"]
    with machine() as made:
        use(made)
        migrations.upgrade()
        figures = measure(made)
        comparison = compare(made, figures["bare_celery"]) if full else {}
    table = rows(figures)
    print(render(table))
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{time.strftime('%Y%m%dT%H%M%S')}.json"
    path.write_text(json.dumps({"figures": figures, "rows": table, **comparison}, indent=2))
    print(f"\nJSON: {path}")
    if full:
        print(f"document: {document.write(path)}")


def use(made: Machine) -> None:
    """Point this process's settings at the run's servers; its children get them by their environment."""
    object.__setattr__(settings, "database_url", database_url(made.postgres.url))
    object.__setattr__(settings, "broker_url", made.broker.url)


def measure(made: Machine) -> dict:
    kinds.load()
    plan = {
        "bare_celery": lambda: workloads.bare_celery(made, 4000),
        "naive": lambda: workloads.naive(made, 1200),
        "hot_supplier": lambda: workloads.counterfoil(made, 20_000, 1),
        "many_suppliers": lambda: workloads.counterfoil(made, 20_000, 1000),
        "ceiling_hot": lambda: workloads.ceiling(made, 1, 5),
        "ceiling_many": lambda: workloads.ceiling(made, 1000, 5),
        "bare_intake": lambda: intake.bare(made, 1),
        "intake": lambda: intake.ours(made, 1),
        "bare_intake_of_many": lambda: intake.bare(made, intake.MANY),
        "intake_of_many": lambda: intake.ours(made, intake.MANY),
    }
    print("idle latency, queries at rest ...", flush=True)
    figures: dict = {
        "bare_latency_ms": workloads.bare_latency(made, 200),
        "latency_ms": workloads.idle_latency(made, 300),
        "queries_at_rest": {part: workloads.queries_at_rest(made, part, 20) for part in ("relay", "worker")},
    }
    figures |= {name: several(name, run) for name, run in plan.items()}
    print("order: a backlog, a flood, a caller in a hurry ...", flush=True)
    figures["urgent_waits"] = order.urgent_waits(made)
    figures["median_waits"] = order.median_waits(made)
    figures["ten_at_once"] = order.ten_at_once(made)
    figures["memory_mib"] = workloads.memory(made)
    return figures


def rows(figures: dict) -> list[dict]:
    """Return what was expected beside what was measured."""
    hot, many = figures["hot_supplier"]["median"], figures["many_suppliers"]["median"]
    bare, naive = figures["bare_celery"]["median"], figures["naive"]["median"]
    one, bare_one = figures["intake"]["median"], figures["bare_intake"]["median"]
    of_many, bare_of_many = figures["intake_of_many"]["median"], figures["bare_intake_of_many"]["median"]
    queries, latency = figures["queries_at_rest"], figures["latency_ms"]
    bare_start = figures["bare_latency_ms"]["p50"]
    alone, beside_fifth, beside = figures["median_waits"]
    return [
        row("hot supplier / naive design", hot / naive, 10),
        row("hot supplier / bare Celery no-op", hot / bare, 3),
        row("1,000 suppliers / naive design", many / naive, 10),
        row("1,000 suppliers / bare Celery no-op", many / bare, 3),
        row("hot supplier / pgbench ceiling", hot / figures["ceiling_hot"]["median"]),
        row("1,000 suppliers / pgbench ceiling", many / figures["ceiling_many"]["median"]),
        row("intake over HTTP / bare Flask handler, INSERT and COMMIT", one / bare_one, 0.9),
        row(f"... with {intake.MANY} callers at once", of_many / bare_of_many, 1.2),
        row("idle: accepted to numbered / start of a bare task", latency["p50"] / bare_start, most=LATENCY_RATIO),
        row("idle: accepted to numbered, p50 ms", latency["p50"], most=8),
        row("idle: accepted to numbered, p99 ms", latency["p99"], most=25),
        row("urgent job behind 500 of 2 s: its wait / the time of one of them", figures["urgent_waits"], most=1),
        row("20 organizations, one floods: the others' median wait / without", beside / alone),
        row("... / beside a flood a fifth as large", beside / beside_fifth, most=1.5),
        row("10 documents recreated / 1 invoice issued, over HTTP", figures["ten_at_once"], most=10),
        row("relay at rest, queries/s", queries["relay"], most=2),
        row("worker at rest, queries/s", queries["worker"], most=2),
        row("api + relay + worker(2) + beat, MiB", figures["memory_mib"], most=600),
    ]


if __name__ == "__main__":
    main()
