"""How many requests the API accepts over HTTP, beside a bare Flask handler that inserts a row and commits."""

import json
import time
from decimal import Decimal
from functools import partial

from api.http import exact_json
from api.http.bodies.invoices import InvoiceBody, invoice_request
from bench.backlog import Workload
from bench.bare_flask import TABLE
from bench.callers import accepted_per_second
from bench.machine import Machine
from bench.order import Api
from bench.runs import several
from bench.table import row
from db.transaction import transaction
from domain.identity import keys
from domain.pricing import price

PATH, SECONDS, WARM_UP = "/api/v1/invoice-requests", 2.5, 0.5
MANY = 32
PREPARED = 2000
REQUEST = b"""{"supplierId": 1, "client": {"name": "Client", "taxId": "C", "addressLine1": "1 Main Street",
    "city": "Sofia", "country": "BG"},
    "items": [{"description": "Work", "quantity": 2, "unitPrice": 10.5, "taxRate": 0.2}]}"""
REQUESTED = "SELECT count(*) FROM jobs WHERE organization_id = :id"


def measure(machine: Machine) -> dict:
    """Return what is accepted a second, of one caller and of many at once, and what one process could prepare."""
    plan = {
        f"{name}, {callers} caller{'s' * (callers > 1)}": partial(run, machine, callers)
        for callers in (1, MANY)
        for name, run in (("bare Flask", bare), ("intake", ours))
    }
    plan |= {"intake, each with its Idempotency-Key, 1 caller": partial(ours, machine, 1, idempotent=True)}
    return {name: several(name, run) for name, run in {**plan, "JSON and validation": prepared}.items()}


def rows(figures: dict) -> list[dict]:
    """Return what was expected beside what was measured."""
    bare_one, one, bare_many, many, idempotent, prepared = (figure["median"] for figure in figures.values())
    return [
        row("R4 intake over HTTP, 1 caller / bare Flask, INSERT and COMMIT", one / bare_one, 0.9),
        row(f"R4 ... {MANY} callers", many / bare_many, 1.2),
        row("R4 ... 1 caller, each with its Idempotency-Key / bare Flask", idempotent / bare_one),
        row("R4 ... of the time of 1 caller, JSON and validation", one / prepared),
    ]


def ours(machine: Machine, callers: int, idempotent: bool = False) -> float:
    """Return how many invoice requests are accepted a second; each has its job."""
    work = Workload(1)
    with transaction() as session:
        key = keys.create(session, work.organization_id, "bench").secret
    with machine.running(("cli", "api")):
        body = json.dumps(Api(machine, key).invoice(work)).encode()
        _, warm = accepted_per_second(machine.api_port, PATH, key, body, callers, WARM_UP, idempotent)
        rate, accepted = accepted_per_second(machine.api_port, PATH, key, body, callers, SECONDS, idempotent)
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


def prepared() -> float:
    """Return how many bodies a second are parsed and validated, priced and written as what a job holds."""
    body, started = InvoiceBody(), time.process_time()
    for _ in range(PREPARED):
        request = invoice_request(1, body.load(exact_json.loads(REQUEST)))
        price(request.items, "EUR", Decimal(0))
        json.dumps(request.payload())
    return PREPARED / (time.process_time() - started)
