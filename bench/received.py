"""Bills with a text layer, from their upload to what was read in them, beside a Celery task for each file.

The naive design reads a file in the process that has the database's password; a second row is beside the same design
with a process of the jail for each file.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path

from celery import Task
from sqlalchemy import text

import settings
from bench import workloads
from bench.backlog import Workload
from bench.machine import CELERY_OPTIONS, Machine, wait_for
from bench.runs import several
from bench.table import row
from db.transaction import transaction
from domain.bills.intake import UPLOAD, receive
from domain.files import storing
from domain.files.spooling import spool
from domain.pdf.rendering import render_pdf
from settings import variable

BILLS, NAIVE_BILLS, WARM_UP, CALLERS = 1000, 300, 20, 4
PAGE = """<h1>Paper Mill GmbH</h1><p>Mill Lane 3, 10115 Berlin</p><p>VAT ID: DE136695976</p><p>Invoice number: {0}</p>
<p>Invoice date: 2026-11-02</p><table><tr><th>Description</th><th>Quantity</th><th>Unit price</th><th>Total</th></tr>
<tr><td>Paper A4</td><td>10</td><td>5.00</td><td>50.00</td></tr></table><p>Subtotal: 50.00 EUR</p>
<p>VAT 20 %: 10.00 EUR</p><p>Total: 60.00 EUR</p><p>IBAN: DE89370400440532013000</p>"""
WAITING = "SELECT EXISTS (SELECT FROM bills WHERE status IN ('received', 'processing'))"
SPAN = "SELECT extract(epoch FROM max(updated_at) - :start) FROM bills"
TABLE = """CREATE TABLE naive_bills (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, path text,
    status text DEFAULT 'received', fields jsonb, checks jsonb)"""
NEW = text("INSERT INTO naive_bills (path) VALUES (:path) RETURNING id")
READ = "SELECT count(*) FROM naive_bills WHERE status <> 'received'"


def measure(machine: Machine) -> dict:
    """Return the bills that are read a second, and those of the naive design, also with a jail."""
    from bench.peers import read_bill, read_bill_in_a_jail

    folder = machine.folder / "files"
    settings.use(replace(settings.current(), storage_url=folder.as_uri()))
    machine.more[variable("storage_url")] = folder.as_uri()
    papers = [render_pdf(PAGE.format(number), organization_id=0) for number in range(BILLS)]
    return {
        "bills": several("bills", lambda: bills(machine, papers)),
        "naive": several("naive bills", lambda: naive(machine, papers[:NAIVE_BILLS], read_bill)),
        "jailed": several("naive bills in a jail", lambda: naive(machine, papers[:NAIVE_BILLS], read_bill_in_a_jail)),
    }


def rows(figures: dict) -> list[dict]:
    """Return what was expected beside what was measured."""
    naive, jailed = (figures["bills"]["median"] / figures[name]["median"] for name in ("naive", "jailed"))
    return [
        row(
            "bills with a text layer, upload to processed / a Celery task for each file, without a jail", naive, least=3
        ),
        row("... / the same with a process of the jail for each file", jailed),
    ]


def bills(machine: Machine, papers: list[bytes]) -> float:
    """Return bills a second of one organization, from the first upload until the last was read."""
    machine.renew()
    work = Workload(1)
    with machine.running(*workloads.CHAIN):
        upload = partial(_upload, work.organization_id)
        _at_once(upload, papers[:WARM_UP])
        wait_for(lambda: not machine.scalar(WAITING), pause=workloads.PAUSE)
        start = machine.scalar("SELECT clock_timestamp()")
        _at_once(upload, papers[WARM_UP:])
        wait_for(lambda: not machine.scalar(WAITING), pause=workloads.PAUSE)
        return (len(papers) - WARM_UP) / float(machine.scalar(SPAN, start=start))


def naive(machine: Machine, papers: list[bytes], read: Task) -> float:
    """Return bills a second of the design that everybody writes: a file, a row, and a task that fills it in."""
    machine.renew()
    machine.execute(TABLE)
    folder = Path(machine.folder / "naive")
    folder.mkdir(exist_ok=True)
    with machine.running(("celery", "-A", "bench.peers", "worker", "-Q", "naive", *CELERY_OPTIONS)):
        send = partial(_send, folder, read)
        _at_once(send, papers[:WARM_UP])
        wait_for(lambda: machine.scalar(READ) == WARM_UP, pause=workloads.PAUSE)
        started = time.monotonic()
        _at_once(send, papers[WARM_UP:])
        wait_for(lambda: machine.scalar(READ) == len(papers), pause=workloads.PAUSE)
        return (len(papers) - WARM_UP) / (time.monotonic() - started)


def _at_once(take: Callable[[bytes], None], papers: list[bytes]) -> None:
    """Have several callers send the papers, as one alone would wait for the disk most of the time."""
    with ThreadPoolExecutor(CALLERS) as callers:
        list(callers.map(take, papers))


def _upload(organization_id: int, paper: bytes) -> None:
    with spool([paper]) as spooled:
        file = storing.store(organization_id, spooled)
    with transaction() as session:
        receive(session, file, "bill.pdf", UPLOAD)


def _send(folder: Path, read: Task, paper: bytes) -> None:
    path = folder / f"{sha256(paper).hexdigest()}.pdf"
    path.write_bytes(paper)
    with transaction() as session:
        bill_id = session.scalars(NEW, {"path": str(path)}).one()
    read.delay(bill_id)
