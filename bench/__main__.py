"""`make bench`: one run on this machine, a table of ratios, the same as JSON in bench/results/.

`python -m bench` measures what is quick, `full` everything and writes docs/performance.md, names of modules only these.
`full` and the JSON of a run that was interrupted measure what that one has not.
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
    first_page,
    flood,
    held,
    idle,
    intake,
    order,
    received,
    recovery,
    rest,
    scale,
    slow,
    soak,
    throughput,
    wall,
    webhooks,
)
from bench.machine import Machine, machine
from bench.rivals import comparison
from bench.rivals.installation import in_a_line
from bench.runs import RUNS
from bench.table import FAILED, failed, render
from tasks import kinds

RESULTS = Path(__file__).parent / "results"
# Each has measure(machine) and rows(figures).
QUICK = (throughput, intake, idle)
FULL = (
    *QUICK, costs, rest, calibration, comparison, busy, order, flood, slow, webhooks, received, recovery, scale, held,
    wall, first_page, soak,
)  # fmt: skip


def main() -> None:
    names, earlier = sys.argv[1:], None
    if names[:1] == ["full"] and len(names) == 2:
        earlier = Path(names.pop())
    modules = chosen(names)
    run = json.loads(earlier.read_text()) if earlier else begun()
    path = earlier or RESULTS / f"{time.strftime('%Y%m%dT%H%M%S')}.json"
    kinds.load()
    with machine() as made:
        for name, module in modules.items():
            if name not in run["figures"] or has_failed(run["figures"][name]):
                run["figures"][name] = measured(module, made)
                run["rows"] = table(run["figures"], modules)
                path.write_text(json.dumps(run, indent=2))  # an interrupted run keeps what it has
    print(f"\n{render(run['rows'])}\n\nJSON: {path}")
    if names == ["full"]:
        print(f"document: {document.write(path)}")
    sys.exit(any(map(has_failed, run["figures"].values())))


def begun() -> dict:
    """Return a run that has measured nothing yet."""
    RESULTS.mkdir(exist_ok=True)
    return {"measured": time.strftime("%Y-%m-%d"), "cores": os.cpu_count(), "runs": RUNS, "figures": {}, "rows": []}


def chosen(names: list[str]) -> dict[str, ModuleType]:
    """Return the modules to be measured under their names; exit on a name that there is not."""
    known = {module.__name__.rpartition(".")[2]: module for module in FULL}
    if names in ([], ["full"]):
        return {name: module for name, module in known.items() if names or module in QUICK}
    if unknown := [name for name in names if name not in known]:
        sys.exit(f"no such module: {', '.join(unknown)}; there are {', '.join(known)}")
    return {name: known[name] for name in names}


def measured(module: ModuleType, made: Machine) -> dict:
    """Return the figures of a module on an empty system; one that fails does not spoil the others."""
    figures: dict = {}
    try:
        made.renew()
        figures = module.measure(made)
        module.rows(figures)
        return figures
    except Exception as error:
        traceback.print_exc()
        return {**figures, FAILED: in_a_line(f"{type(error).__name__}: {error}")}


def has_failed(figures: dict) -> bool:
    return FAILED in figures


def table(figures: dict[str, dict], modules: dict[str, ModuleType]) -> list[dict]:
    """Return the rows of what has been measured, in the order of `modules`."""
    rows: list[dict] = []
    for name, module in modules.items():
        of_module = figures.get(name, {})
        if has_failed(of_module):
            rows.append(failed(name, of_module[FAILED]))
        elif of_module:
            rows += module.rows(of_module)
    return rows


if __name__ == "__main__":
    main()
