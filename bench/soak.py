"""An hour of mixed work at an easy pace: does any process grow, and is everything done at the end?"""

import statistics
import time
from collections.abc import Mapping, Sequence
from itertools import cycle, islice
from typing import Any
from uuid import uuid4

import psutil
import requests

from bench.backlog import Workload
from bench.machine import Machine
from bench.order import Api
from bench.table import row
from bench.workloads import CHAIN, await_end
from db.transaction import transaction
from domain.identity import keys
from domain.invoices.intake import KIND
from domain.jobs.submission import enqueue
from local.part import Part

SECONDS, SETTLED, WINDOW = 3600.0, 900.0, 300.0
SAMPLE = 15.0
# Each round has single requests; each tenth also a bulk, jobs that take long, one that is cancelled and one that fails.
ROUND, SINGLE, TENTH, BULK = 1.0, 4, 10, 100
LONG = (0.5, 1.0, 2.0)
REQUESTS = "/api/v1/invoice-requests"
OF_MINUTES = """
SELECT json_agg(jobs ORDER BY minute) FROM (
    SELECT floor((extract(epoch FROM completed_at) - :start) / 60) AS minute, count(*) AS jobs FROM completed_jobs
    WHERE kind = 'invoice.generate' AND completed_at >= to_timestamp(:start) GROUP BY minute) AS done
"""
ENDED = "SELECT count(*) FROM jobs WHERE organization_id = :id AND kind = :kind AND status = ANY(:statuses)"


def measure(machine: Machine) -> dict:
    """Return the MiB of each process and the jobs completed in each minute; everything has ended as it should."""
    print(f"soak: {SECONDS / 60:.0f} minutes ...", flush=True)
    started = time.time()
    with machine.running(*CHAIN, ("cli", "api"), ("cli", "beat")) as parts:
        names = ("relay", "worker", "api", "beat")
        memory = Memory(dict(zip(names, parts, strict=True)))
        callers = Callers(machine)
        while (passed := time.time() - started) < SECONDS:
            callers.round()
            if passed >= len(memory.minutes) * SAMPLE:
                memory.sample(passed / 60)
            time.sleep(max(0.0, ROUND - (time.time() - started - passed)))
        await_end(machine)
    callers.verify()
    return {
        "minutes": memory.minutes,
        "memory_mib": memory.mib,
        "completed_per_minute": machine.scalar(OF_MINUTES, start=started),
    }


def rows(figures: dict) -> list[dict]:
    """Return what was expected beside what was measured."""
    grown = {name: _growth(figures["minutes"], mib) for name, mib in figures["memory_mib"].items()}
    what = f"from minute {SETTLED / 60:.0f} to {SECONDS / 60:.0f}"
    return [row(f"memory of {name}: growth in % {what}", percent, most=5) for name, percent in grown.items()]


def _growth(minutes: Sequence[float], mib: Sequence[float | None]) -> float:
    """Return by how much the median of the last minutes is above that of the first ones after all has settled, in %."""
    first, last = (
        statistics.median(m for at, m in zip(minutes, mib, strict=True) if m and start <= 60 * at <= start + WINDOW)
        for start in (SETTLED, SECONDS - WINDOW)
    )
    return 100 * (last / first - 1)


class Memory:
    """The resident MiB of each process of some parts, None while one is not there; `minutes` is when."""

    def __init__(self, parts: Mapping[str, Part]) -> None:
        self._parts = parts
        self._children: dict[str, list[int]] = {name: [] for name in parts}
        self.minutes: list[float] = []
        self.mib: dict[str, list[float | None]] = {}

    def sample(self, minute: float) -> None:
        """Look at each process once."""
        there = {name: pid for part in self._parts for name, pid in self._family(part).items()}
        for name in {**self.mib, **there}:
            mib = _resident(there[name]) if name in there else None
            self.mib.setdefault(name, [None] * len(self.minutes)).append(mib)
        self.minutes.append(round(minute, 2))

    def _family(self, name: str) -> dict[str, int]:
        """Return the processes of a part; a child that replaces another one has its name."""
        leader = self._parts[name].pid
        alive = [child.pid for child in psutil.Process(leader).children(recursive=True)]
        places = self._children[name]
        fresh = [pid for pid in alive if pid not in places]
        places[:] = [pid if pid in alive or not fresh else fresh.pop(0) for pid in places] + fresh
        return {name: leader} | {f"{name} child {n}": pid for n, pid in enumerate(places, 1)}


def _resident(pid: int) -> float | None:
    try:
        return round(psutil.Process(pid).memory_info().rss / 2**20, 1)
    except psutil.NoSuchProcess:
        return None


class Callers:
    """Those who use the API as a back office does, and what they are owed."""

    def __init__(self, machine: Machine) -> None:
        self._machine, self._work = machine, Workload(20)
        with transaction() as session:
            key = keys.create(session, self._work.organization_id, "bench").secret
        body = Api(machine, key).invoice(self._work)
        self._invoices = cycle(body | {"supplierId": supplier} for supplier in self._work.suppliers)
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {key}"
        self._rounds = 0

    def round(self) -> None:
        """Ask for what a second brings."""
        self._rounds += 1
        for _ in range(SINGLE):
            self._issue()
        if self._rounds % TENTH == 0:
            self._call("POST", f"{REQUESTS}/bulk", {"requests": list(islice(self._invoices, BULK))})
            *_, last = self._owe("bench.slow", *({"seconds": seconds} for seconds in LONG))
            self._call("POST", f"/api/v1/jobs/{last}/cancel")
            self._owe(KIND, self._work.request(0).payload() | {"supplier_id": 0})

    def verify(self) -> None:
        """Raise unless all that was asked for has ended as it should."""
        tenths = self._rounds // TENTH
        self._work.verify(self._rounds * SINGLE + tenths * BULK)
        id = self._work.organization_id
        long = self._machine.scalar(ENDED, id=id, kind="bench.slow", statuses=["COMPLETED", "CANCELLED"])
        failed = self._machine.scalar(ENDED, id=id, kind=KIND, statuses=["FAILED"])
        if (long, failed) != (tenths * len(LONG), tenths):
            raise AssertionError(
                f"the run does not count: {long} long jobs ended and {failed} failed in {tenths} rounds"
            )

    def _issue(self) -> None:
        request = self._call("POST", REQUESTS, next(self._invoices))["requestId"]
        state = self._call("GET", f"{REQUESTS}/{request}", wait=20)["status"]
        if state != "COMPLETED":
            raise AssertionError(f"request {request} is {state} after 20 s")

    def _owe(self, kind: str, *payloads: dict[str, Any]) -> list[int]:
        with transaction() as session:
            return enqueue(session, self._work.organization_id, kind, [("", payload) for payload in payloads])

    def _call(self, method: str, path: str, body: dict | None = None, wait: int = 0) -> Any:
        headers = {"Idempotency-Key": str(uuid4()), "Prefer": f"wait={wait}"}
        url = f"http://127.0.0.1:{self._machine.api_port}{path}"
        answer = self._session.request(method, url, json=body, headers=headers, timeout=30)
        answer.raise_for_status()
        return answer.json()
