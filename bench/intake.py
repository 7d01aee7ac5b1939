"""How many requests the API accepts over HTTP, beside a bare Flask handler that inserts a row and commits."""

import json

from bench.backlog import Workload
from bench.bare_flask import TABLE
from bench.callers import accepted_per_second
from bench.machine import Machine
from bench.order import Api
from db.transaction import transaction
from domain import organizations

PATH, SECONDS, WARM_UP = "/api/v1/invoice-requests", 4.0, 1.0
MANY = 32
REQUESTED = "SELECT count(*) FROM jobs WHERE organization_id = :id"


def ours(machine: Machine, callers: int) -> float:
    """Return how many invoice requests are accepted a second; each has its job."""
    work = Workload(1)
    with transaction() as session:
        key = organizations.create_key(session, work.organization_id, "bench")
    with machine.running(("cli", "api")):
        body = json.dumps(Api(machine, key).invoice(work)).encode()
        _, warm = accepted_per_second(machine.api_port, PATH, key, body, callers, WARM_UP)
        rate, accepted = accepted_per_second(machine.api_port, PATH, key, body, callers, SECONDS)
    if machine.scalar(REQUESTED, id=work.organization_id) != warm + accepted:
        raise AssertionError("what was accepted is not what is there")
    return rate


def bare(machine: Machine, callers: int) -> float:
    """Return how many bodies a bare Flask handler inserts a second."""
    machine.execute(f"DROP TABLE IF EXISTS bare_requests; {TABLE}")
    with machine.running(("bench.bare_flask",)):
        body = json.dumps(Api(machine, "").invoice(Workload(1))).encode()
        accepted_per_second(machine.api_port, "/", "", body, callers, WARM_UP)
        return accepted_per_second(machine.api_port, "/", "", body, callers, SECONDS)[0]
