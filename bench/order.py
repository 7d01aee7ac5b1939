"""Who waits for whom: an urgent job behind a backlog, many organizations beside a flood, a caller beside the queue."""

import random
import statistics
import time

import requests

from bench.backlog import Workload
from bench.machine import Machine, wait_for
from bench.workloads import CHAIN
from db.transaction import transaction
from domain import organizations
from domain.jobs.submission import HIGH, NORMAL, enqueue

BACKLOG, SECONDS, URGENT = 500, 2.0, 5
ORGANIZATIONS, FLOOD, TRICKLE, PAUSE = 20, 80_000, 80, 0.05
WAIT = "SELECT extract(epoch FROM started_at - created_at) FROM jobs WHERE id = :id"
LEFT = "SELECT count(*) FROM outbox WHERE organization_id = :id"
FORGET = "DELETE FROM outbox; UPDATE jobs SET status = 'CANCELLED', lease_token = NULL, lease_expires_at = NULL, \
    completed_at = clock_timestamp() WHERE status IN ('PENDING', 'PROCESSING')"


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


def waits_beside(machine: Machine, flood: int) -> list[float]:
    """Return the seconds that the single invoices of 19 organizations wait while the twentieth owes `flood`."""
    works = [Workload(1) for _ in range(ORGANIZATIONS)]
    job_ids = []
    with machine.running(*CHAIN):
        _waited(machine, works[1].submit(1)[0])
        works[0].submit(flood)
        for _ in range(TRICKLE):
            job_ids += random.choice(works[1:]).submit(1)
            time.sleep(PAUSE)
        waits = [_waited(machine, job_id) for job_id in job_ids]
        if flood and not machine.scalar(LEFT, id=works[0].organization_id):
            raise AssertionError("the flood was over before the measurement was")
        return waits


def median_waits(machine: Machine) -> list[float]:
    """Return the median seconds that 19 organizations wait: alone, beside a flood, and beside one of 5 times."""
    return [_median_wait(machine, flood) for flood in (0, FLOOD // 5, FLOOD)]


def _median_wait(machine: Machine, flood: int) -> float:
    waits = waits_beside(machine, flood)
    machine.execute(FORGET)
    return statistics.median(waits)


def ten_at_once(machine: Machine) -> float:
    """Return how long ten documents take to be recreated over HTTP, in times of one invoice issued over HTTP.

    A backlog of slow jobs is there, and workers that are busy with it; every recreation must be answered 200.
    """
    work = Workload(1)
    _owe(work.organization_id, SECONDS, BACKLOG)
    with transaction() as session:
        key = organizations.create_key(session, work.organization_id, "bench")
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
