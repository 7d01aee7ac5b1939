"""The order of waiting: an urgent job behind a backlog, a caller beside the queue."""

import random
import statistics
import time

import requests

from bench.backlog import Workload
from bench.machine import Machine, wait_for
from bench.table import row
from bench.workloads import CHAIN
from db.transaction import transaction
from domain.identity import keys
from domain.jobs.priorities import HIGH, NORMAL
from domain.jobs.submission import enqueue

BACKLOG, SECONDS, URGENT = 500, 2.0, 5
WAIT = "SELECT extract(epoch FROM started_at - created_at) FROM jobs WHERE id = :id"
FORGET = "DELETE FROM outbox; UPDATE jobs SET status = 'CANCELLED', lease_token = NULL, lease_expires_at = NULL, \
    completed_at = clock_timestamp() WHERE status IN ('PENDING', 'PROCESSING')"


def measure(machine: Machine) -> dict:
    """Return how long who is in a hurry waits, in times of what it would take alone."""
    print("order: an urgent job and a caller beside a backlog ...", flush=True)
    return {"urgent": urgent_waits(machine), "ten at once": ten_at_once(machine)}


def rows(figures: dict) -> list[dict]:
    """Return what was expected beside what was measured."""
    return [
        row("urgent job behind 500 of 2 s: its wait / the time of one of them", figures["urgent"], most=1),
        row("10 documents recreated / 1 invoice issued, over HTTP", figures["ten at once"], most=10),
    ]


def urgent_waits(machine: Machine) -> float:
    """Return how long an urgent job waits behind 500 of two seconds each, in times of one of these; the worst of 5."""
    organization_id = Workload(1).organization_id
    _owe(organization_id, SECONDS, BACKLOG)
    with machine.running(*CHAIN):
        wait_for(lambda: machine.scalar("SELECT count(*) FROM jobs WHERE kind = 'bench.slow' AND progress = 1") > 3)
        waits = []
        for _ in range(URGENT):
            time.sleep(random.uniform(0, SECONDS))
            waits.append(_waited(machine, _owe(organization_id, 0.0, priority=HIGH)) / SECONDS)
    machine.execute(FORGET)
    return max(waits)


def ten_at_once(machine: Machine) -> float:
    """Return how long ten documents take to be recreated over HTTP, in times of one invoice issued over HTTP.

    A backlog of slow jobs is there, and workers that are busy with it; every recreation must be answered 200.
    """
    work = Workload(1)
    _owe(work.organization_id, SECONDS, BACKLOG)
    with transaction() as session:
        key = keys.create(session, work.organization_id, "bench").secret
    with machine.running(*CHAIN, ("cli", "api")):
        api = Api(machine, key)
        issue = [api.timed("/api/v1/invoices/generate", api.invoice(work)) for _ in range(12)]
        ids = machine.scalar(f"SELECT array_agg(id) FROM invoices WHERE organization_id = {work.organization_id}")
        body = {"documents": [{"type": "invoice", "id": number} for number in ids[:10]]}
        recreate = [api.timed("/api/v1/accounting/recreations", body) for _ in range(10)]
    machine.execute(FORGET)
    return statistics.median(recreate) / statistics.median(issue)


class Api:
    """The API over HTTP on one connection."""

    def __init__(self, machine: Machine, key: str) -> None:
        self._url = f"http://127.0.0.1:{machine.api_port}"
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {key}"
        wait_for(self._answers)

    def timed(self, path: str, body: dict) -> float:
        """Return the seconds until the answer, which must be 200."""
        started = time.perf_counter()
        answer = self._session.post(self._url + path, json=body, timeout=20)
        if answer.status_code != 200:
            raise AssertionError(f"{path}: {answer.status_code} {answer.text}")
        return time.perf_counter() - started

    def invoice(self, work: Workload) -> dict:
        place = {"addressLine1": "1 Main Street", "city": "Sofia", "country": "BG"}
        item = {"description": "Work", "quantity": 2, "unitPrice": 10.5, "taxRate": 0.2}
        return {"supplierId": work.suppliers[0], "client": {"name": "Client", "taxId": "C", **place}, "items": [item]}

    def _answers(self) -> bool:
        try:
            return self._session.get(f"{self._url}/api/v1/health", timeout=1).status_code < 500  # a bare one has none
        except requests.RequestException:
            return False


def _owe(organization_id: int, seconds: float, count: int = 1, priority: int = NORMAL) -> int:
    with transaction() as session:
        payloads = [("", {"seconds": seconds})] * count
        return enqueue(session, organization_id, "bench.slow", payloads, priority)[-1]


def _waited(machine: Machine, job_id: int) -> float:
    wait_for(lambda: machine.scalar(WAIT, id=job_id) is not None)
    return float(machine.scalar(WAIT, id=job_id))
