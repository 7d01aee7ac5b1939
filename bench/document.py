"""docs/performance.md, written from the JSON of a full run; `python -m bench.document <JSON>` writes it again."""

import json
import sys
from pathlib import Path
from statistics import median

from bench import plot
from bench.table import FAILED, render

DOCUMENT = Path(__file__).parents[1] / "docs" / "performance.md"
PLOT = "performance-memory.svg"
BAR, EIGHTHS = 24, " ▏▎▍▌▋▊▉"
HEAD = """\
# Performance

Written on {measured} by `make bench-full` on a machine with {cores} cores: PostgreSQL with `fsync` and
`synchronous_commit` on, a Valkey that keeps nothing on disk, one system at a time. Run it yourself: figures from
another machine prove nothing, so the goals are ratios to what else this one did, minutes before or after. R1 to R4, R6
and R8 are medians of {runs} runs, the others of one each. A run counts only if each accepted request has exactly one
invoice and each supplier's numbers run from 1 without a gap. [What holds the figures](performance-limits.md) is written
by hand.

## The goals

Each row is one figure that this run measured, and what was expected of it. "a / b" is a ratio: a of this run, divided
by b of the same run. Other rows name their unit (ms, s, us, MiB, %); "p99" is the time that 99 of 100 stay within.
"..." stands for the beginning of the row above. ">=" and "<=" say which side is good; a row without an expectation is
there to explain another one.

R1, R3: invoices a second, from their intake in bulk to COMPLETED. R2: no-op jobs drained a second. R4: requests
accepted over HTTP a second. R5: time from accepted to numbered. R6, R7: throughput on a large database and beside a
transaction that stays open. R8: what one invoice in bulk costs. R9: one organization floods. R10: a part is killed.
R11: nothing to do. The rows after that are memory, an hour under load.

{goals}
"""
PEERS = """
## Beside other queues

Each row is a queue; the figures are no-op jobs a second that its two worker processes drain from a backlog: the median
of the runs, the slowest, the fastest, and the median divided by that of bare Celery. The bar is the share of the
fastest queue. The clock runs from the first job seen done until none is left; Counterfoil's from the first one's start.

| system | jobs/s | min | max | / bare Celery | |
|---|---:|---:|---:|---:|---|
{systems}

A no-op shows what a queue costs and nothing else. What bare Celery and BullMQ hold is lost when this Valkey dies; the
others have a job on disk when its enqueueing returns.
"""
RATES = """
## Figures a second

Each row is a rate that the goals above are ratios of, in units a second: commits, jobs, invoices or requests, as its
name says; for fdatasync, calls. M is our statement that issues 500 invoices of many suppliers, HB 500 of one supplier,
H1 one invoice in a transaction, 8 clients at one supplier; all by pgbench, without the queue. "1,000 suppliers" and
"hot supplier" are invoices, from their intake in bulk to the last one COMPLETED.

| what | median | min | max |
|---|---:|---:|---:|
{rates}
"""
SOAK = """
## An hour under load

The plot shows the resident memory of each process, in MiB, over the minutes of the load.

![Memory of each process over the time of the load]({plot})

Invoices completed a minute: {median:,.0f} (median), {least:,.0f} to {most:,.0f}; an easy pace, with jobs that take
long, are cancelled and fail beside them. A worker's child that has had 10,000 messages is replaced, as it always is.
"""


def write(results: Path, document: Path = DOCUMENT) -> Path:
    """Write the document from the JSON in `results`, the plot beside it; return where it is.

    What a run has not measured has no section.
    """
    run = json.loads(results.read_text())
    measured = {name: figures for name, figures in run["figures"].items() if FAILED not in figures}
    sections = {"comparison": _peers, "calibration": _rates, "soak": _soak}
    text = HEAD.format(goals=render(run["rows"]), **run)
    document.write_text(text + "".join(section(measured) for name, section in sections.items() if name in measured))
    if "soak" in measured:
        soak = measured["soak"]
        document.with_name(PLOT).write_text(plot.lines("minutes", "MiB", soak["minutes"], soak["memory_mib"]))
    return document


def _peers(measured: dict[str, dict]) -> str:
    return PEERS.format(systems="\n".join(_systems(measured["comparison"])))


def _rates(measured: dict[str, dict]) -> str:
    figures = measured["calibration"] | measured.get("throughput", {}) | measured.get("intake", {})
    return RATES.format(rates="\n".join(_row(name, figure) for name, figure in figures.items()))


def _soak(measured: dict[str, dict]) -> str:
    completed = measured["soak"]["completed_per_minute"]
    return SOAK.format(plot=PLOT, median=median(completed), least=min(completed), most=max(completed))


def _systems(figures: dict[str, dict]) -> list[str]:
    fastest = max(figure.get("median", 0) for figure in figures.values())
    bare = next(iter(figures.values()))["median"]
    return [
        _row(name, figure, f"{figure['median'] / bare:,.1f}", _bar(figure["median"] / fastest))
        if "median" in figure
        else _row(name, figure, "", "")
        for name, figure in sorted(figures.items(), key=lambda item: -item[1].get("median", 0))
    ]


def _row(name: str, figure: dict, *more: str) -> str:
    if "skipped" in figure:
        return " | ".join([f"| {name}", f"skipped: {figure['skipped']}", "", "", *more]) + " |"
    numbers = [f"{figure[key]:,.0f}" for key in ("median", "min", "max")]
    return " | ".join([f"| {name}", *numbers, *more]) + " |"


def _bar(share: float) -> str:
    whole, eighths = divmod(round(share * BAR * 8), 8)
    return "█" * whole + EIGHTHS[eighths].strip()


if __name__ == "__main__":
    print(write(Path(sys.argv[1])))
