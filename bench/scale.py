"""An empty database beside one with millions of jobs waiting and done: the same work, in turns on the same server.

What waits is what is worked off, oldest first: so each look for work, each claim and each completion meets the
millions. Of the history only the jobs are there, not their invoices.
"""

import shutil
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg

import settings
from bench import masses
from bench.backlog import Workload
from bench.flood import KIND, choosing_ms, turn
from bench.idle import percentiles
from bench.load import DRAWN
from bench.machine import Machine, wait_for
from bench.rivals.installation import Skipped
from bench.runs import RUNS
from bench.table import row
from bench.workloads import CHAIN
from db import jobs as job_rows
from db import outbox
from db.engine import engine
from db.transaction import transaction

SUPPLIERS, FEW = 1000, 10
WAITING, HISTORY = 10_000_000, 20_000_000
CLAIMS, GROUP = 200, 100
# Of each run the first invoices are not counted: the processes have just started.
UNCOUNTED, COUNTED = 10_000, 60_000
A_RUN = CLAIMS * GROUP + 2 * UNCOUNTED + COUNTED
# On disk, with indexes; besides them WAL, and what the runs add.
BYTES_WAITING, BYTES_DONE, BYTES_BESIDES = 1300, 650, 6 * 2**30
PLACES = EMPTY, LARGE = "empty", "large"
PROBE, PATIENCE = "probe", 1800
OF_WORKERS = f"FROM completed_jobs WHERE kind = '{KIND}' AND worker <> '{PROBE}' \
    AND completed_at > to_timestamp(:since)"
NTH = f"SELECT CAST(extract(epoch FROM completed_at) AS float) {OF_WORKERS} ORDER BY completed_at OFFSET :n LIMIT 1"


def measure(machine: Machine) -> dict:
    """Return for each place the invoices a second of each run, p50 and p99 ms of a claim, the median ms of a choice.

    Raise Skipped without the room for the large one.
    """
    _require_room(machine)
    with _places(machine):
        print(f"scale: writing {WAITING:,} waiting and {HISTORY:,} completed jobs ...", flush=True)
        works = {EMPTY: _fill(machine, EMPTY, FEW, 0), LARGE: _fill(machine, LARGE, WAITING, HISTORY)}
        figures: dict = {name: {"rates": [], "claims_ms": []} for name in PLACES}
        for name in PLACES:
            with _standing_in(machine, name):
                figures[name]["choice_ms"] = choosing_ms(works[name].organization_id)
        since = time.time()
        for name in PLACES * RUNS:
            with _standing_in(machine, name):
                _run(machine, works[name], figures[name], owed=0 if name == LARGE else A_RUN)
                print(f"scale: {name}: {figures[name]['rates'][-1]:,.0f}/s", flush=True)
        for name in PLACES:
            with _standing_in(machine, name):
                works[name].verify(machine.scalar(f"SELECT count(*) {OF_WORKERS}", since=since))
            figures[name]["claim_ms"] = percentiles(figures[name].pop("claims_ms"))
    return figures


def rows(figures: dict) -> list[dict]:
    """Return what was expected beside what was measured."""
    empty, large = figures[EMPTY], figures[LARGE]
    of = f"{WAITING:,} jobs waiting, {HISTORY:,} jobs done"
    rate = statistics.median(large["rates"]) / statistics.median(empty["rates"])
    claim = large["claim_ms"]["p99"] / empty["claim_ms"]["p99"]
    return [
        row(f"R6 {of}: throughput / of a database without them", rate, 0.95),
        row("R6 ... p99 of a claim / there", claim, most=1.2),
        row(f"R6 ... choosing what goes next / with {FEW} waiting", large["choice_ms"] / empty["choice_ms"], most=1.2),
    ]


def _require_room(machine: Machine) -> None:
    needed = WAITING * BYTES_WAITING + HISTORY * BYTES_DONE + BYTES_BESIDES
    free = shutil.disk_usage(machine.folder).free
    if free < needed:
        raise Skipped(f"{needed / 2**30:.0f} GiB of disk needed, {free / 2**30:.0f} free")


@contextmanager
def _places(machine: Machine) -> Iterator[None]:
    _administer(machine, *(f"CREATE DATABASE {name}" for name in PLACES))
    try:
        yield
    finally:
        _administer(machine, *(f"DROP DATABASE {name} WITH (FORCE)" for name in PLACES))


@contextmanager
def _standing_in(machine: Machine, name: str) -> Iterator[None]:
    """Have database `name` at the machine's URL, and an empty broker."""
    own, aside = machine.postgres.url.rpartition("/")[2], "aside"
    machine.valkey.flushall()
    _administer(machine, _rename(own, aside), _rename(name, own))
    try:
        yield
    finally:
        _administer(machine, _rename(own, name), _rename(aside, own))


def _rename(database: str, name: str) -> str:
    return f"ALTER DATABASE {database} RENAME TO {name}"


def _administer(machine: Machine, *statements: str) -> None:
    engine().dispose()
    machine.engine.dispose()
    with psycopg.connect(machine.postgres.url.rpartition("/")[0] + "/postgres", autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def _fill(machine: Machine, name: str, waiting: int, history: int) -> Workload:
    with _standing_in(machine, name):
        machine.migrate()
        work = Workload(SUPPLIERS)
        masses.remember(machine, work, history)
        masses.owe(machine, work, waiting)
        machine.settle()
    return work


def _run(machine: Machine, work: Workload, figures: dict, owed: int) -> None:
    masses.owe(machine, work, owed)
    figures["claims_ms"] += [_claim_ms(work.organization_id) for _ in range(CLAIMS)]
    since, enough = time.time(), machine.scalar(DRAWN) + UNCOUNTED + COUNTED + UNCOUNTED // 2
    with machine.running(*CHAIN):
        wait_for(lambda: machine.scalar(DRAWN) >= enough, PATIENCE)
    first, last = (machine.scalar(NTH, since=since, n=n) for n in (UNCOUNTED, UNCOUNTED + COUNTED - 1))
    figures["rates"].append(COUNTED / (last - first))


def _claim_ms(organization_id: int) -> float:
    """Claim the next group as a worker does, and complete it; return how long the claim took."""
    token = uuid4()
    with transaction() as session:
        entries = outbox.lease(session, [turn(organization_id, GROUP)], settings.current().redelivery_interval)
        ids = [entry.job_id for entry in entries]
        started = time.perf_counter()
        claimed = job_rows.claim(session, KIND, ids, token, settings.current().lease, PROBE)
        taken = 1000 * (time.perf_counter() - started)
        job_rows.complete(session, token, {job.id: {} for job in claimed})
    if len(claimed) != GROUP:
        raise AssertionError(f"the run does not count: {len(claimed)} of {GROUP} jobs claimed")
    return taken
