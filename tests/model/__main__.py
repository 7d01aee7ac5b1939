"""Have Spin check the protocol, then each mutation of it: one that it does not find shows that the model is blind."""

import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from tests.model.mutations import MUTATIONS
from tests.model.runs import RUNS, Run

MODEL = Path(__file__).parents[2] / "docs" / "model" / "protocol.pml"
MEMORY_MB = 2000
# COLLAPSE halves the memory; NFAIR is how many groups of processes the check for fairness keeps apart.
COMPILE = ["gcc", "-w", "-DCOLLAPSE", f"-DMEMLIM={MEMORY_MB}"]
SAFETY, LIVENESS = ["-DSAFETY", "-DNOCLAIM"], ["-DNFAIR=3"]
NO_ERROR = "^$"
UNFINISHED = ("Search not completed", "max search depth too small")


class Verdict(NamedTuple):
    """`states` were visited; `error` is the first one that was found, "" if there is none."""

    states: int
    error: str


def check(run: Run, model: str, optimized: bool) -> Verdict:
    """Return what Spin finds in a run of `model`; to optimize its program pays when there is no error to stop at."""
    with tempfile.TemporaryDirectory(prefix="cf-model-") as folder:
        Path(folder, MODEL.name).write_text(model)
        kind = [*(LIVENESS if run.fair else SAFETY), "-O2" if optimized else "-O0"]
        _run(["spin", "-a", *run.defines, MODEL.name], folder)
        _run([*COMPILE, *kind, "-o", "pan", "pan.c"], folder)
        return _verdict(_run(["./pan", "-m100000", "-w20", "-n", *(["-a", "-f"] if run.fair else [])], folder))


def _run(command: list[str], folder: str) -> str:
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if ended.returncode or "Error" in ended.stdout:
        sys.exit(f"{' '.join(command)} failed:\n{ended.stdout}{ended.stderr}")
    return ended.stdout


def _verdict(printed: str) -> Verdict:
    states = int(re.search(r"(\d+) states, stored", printed)[1])
    error = re.search(r"^pan:\d+: (.+?) \(at depth", printed, re.MULTILINE)
    if not error and any(word in printed for word in UNFINISHED):
        sys.exit(f"the search was not completed:\n{printed}")
    return Verdict(states, error[1] if error else "")


def mutated(model: str, replaced: dict[str, str]) -> str:
    """Return the model with each text replaced; each must stand in it once, so that no mutation outlives it."""
    for old, new in replaced.items():
        assert model.count(old) == 1, f"the model has not exactly one {old!r}"
        model = model.replace(old, new)
    return model


def main() -> None:
    """Print a line for each run and each mutation; exit with status 1 unless all are as they must be."""
    if not (shutil.which("spin") and shutil.which("gcc")):
        sys.exit("make model needs Spin and a C compiler: apt-get install spin gcc")
    model, wrong = MODEL.read_text(), 0
    for run in RUNS:
        wrong += _report(f"holds: {run.name}", run, model, NO_ERROR)
    for mutation in MUTATIONS:
        changed = mutated(model, mutation.replaced)
        wrong += _report(f"is missed: {mutation.name}", mutation.run, changed, mutation.says)
    print(f"{len(RUNS)} runs, {len(MUTATIONS)} mutations, {wrong} wrong")
    sys.exit(bool(wrong))


def _report(what: str, run: Run, model: str, says: str) -> bool:
    started = time.monotonic()
    states, error = check(run, model, optimized=says == NO_ERROR)
    wrong = not re.search(says, error)
    seconds = time.monotonic() - started
    print(f"{'NOT SO' if wrong else 'ok':6} {what} ({states:,} states, {seconds:.0f} s) {error}", flush=True)
    return wrong


if __name__ == "__main__":
    main()
