"""`make bench`: one run on this machine, a table of ratios, the same as JSON in bench/results/.

`python -m bench` measures what is quick, `full` everything and writes docs/performance.md, names of modules only these.
"""

import json
import os
import sys
import time
import traceback
from pathlib import Path
from types import ModuleType

import bench.kinds  # noqa: F401  registers them
from bench import (
    busy,
    calibration,
    costs,
    document,
    flood,
    held,
    idle,
    intake,
    order,
    recovery,
    rest,
    scale,
    soak,
    throughput,
)
from bench.machine import Machine, machine
from bench.rivals import comparison
from bench.rivals.installation import in_a_line
from bench.runs import RUNS
from bench.table import failed, render
from tasks import kinds

RESULTS = Path(__file__).parent / "results"
# Each has measure(machine) and rows(figures).
QUICK = (throughput, intake, idle, costs, rest)
FULL = (*QUICK, calibration, comparison, busy, order, flood, recovery, scale, held, soak)


def main() -> None:
    modules = chosen(sys.argv[1:])
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{time.strftime('%Y%m%dT%H%M%S')}.json"
    run: dict = {
        "measured": time.strftime("%Y-%m-%d"), "cores": os.cpu_count(), "runs": RUNS, "figures": {}, "rows": [],
    }  # fmt: skip
    kinds.load()
    with machine() as made:
        for name, module in modules.items():
            run["figures"][name], table = measured(name, module, made)
            run["rows"] += table
            path.write_text(json.dumps(run, indent=2))  # an interrupted run keeps what it has
    print(f"\n{render(run['rows'])}\n\nJSON: {path}")
    if sys.argv[1:] == ["full"]:
        print(f"document: {document.write(path)}")
    sys.exit(any("failed" in figures for figures in run["figures"].values()))


def chosen(names: list[str]) -> dict[str, ModuleType]:
    """Return the modules to be measured under their names; exit on a name that there is not."""
    known = {module.__name__.rpartition(".")[2]: module for module in FULL}
    if names in ([], ["full"]):
        return {name: module for name, module in known.items() if names or module in QUICK}
    if unknown := [name for name in names if name not in known]:
        sys.exit(f"no such module: {', '.join(unknown)}; there are {', '.join(known)}")
    return {name: known[name] for name in names}


def measured(name: str, module: ModuleType, made: Machine) -> tuple[dict, list[dict]]:
    """Return the figures and rows of a module on an empty system; one that fails does not spoil the others."""
    figures: dict = {}
    try:
        made.renew()
        figures = module.measure(made)
        return figures, module.rows(figures)
    except Exception as error:
        traceback.print_exc()
        why = in_a_line(f"{type(error).__name__}: {error}")
        return {**figures, "failed": why}, [failed(name, why)]


if __name__ == "__main__":
    main()
