"""docs/performance.md, written from the JSON of a run."""

import json
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "performance.md"
BAR, EIGHTHS = 24, " ▏▎▍▌▋▊▉"
TEXT = """\
# Performance beside other queues

No-op jobs a second that two worker processes of each system drain from a backlog, one system at a time, on the same
machine with {cores} cores, the same PostgreSQL (`fsync` and `synchronous_commit` on) and the same Valkey, which keeps
nothing on disk. Medians of {runs} runs. The clock runs from the first job seen done until none is left; Counterfoil's
from the first one's start. Written on {measured} by `make bench-full`; run it yourself, for figures from another
machine prove nothing.

| system | jobs/s | min | max | / bare Celery | |
|---|---:|---:|---:|---:|---|
{systems}

What the machine does by itself:

| what | per second | min | max |
|---|---:|---:|---:|
{calibration}

A no-op shows what a queue costs and nothing else. What bare Celery and BullMQ hold is lost when this Valkey dies; the
others have a job on disk when its enqueueing returns.
"""


def write(results: Path) -> Path:
    """Write the document from the JSON in `results`; return where it is."""
    run = json.loads(results.read_text())
    systems, calibration = _systems(run["systems"]), [_row(*each) for each in run["calibration"].items()]
    DOCUMENT.write_text(TEXT.format_map({**run, "systems": "\n".join(systems), "calibration": "\n".join(calibration)}))
    return DOCUMENT


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
