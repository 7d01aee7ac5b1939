"""Bills with a text layer, from their upload to what was read in them, beside a Celery task for each file."""

import time
from dataclasses import replace
from pathlib import Path

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

BILLS, NAIVE_BILLS, WARM_UP = 1000, 300, 20
PAGE = """<h1>Paper Mill GmbH</h1><p>Mill Lane 3, 10115 Berlin</p><p>VAT ID: DE136695976</p><p>Invoice number: {0}</p>
<p>Invoice date: 2026-11-02</p><table><tr><th>Description</th><th>Quantity</th><th>Unit price</th><th>Total</th></tr>
<tr><td>Paper A4</td><td>10</td><td>5.00</td><td>50.00</td></tr></table><p>Subtotal: 50.00 EUR</p>
<p>VAT 20 %: 10.00 EUR</p><p>Total: 60.00 EUR</p><p>IBAN: DE89370400440532013000</p>"""
WAITING = "SELECT EXISTS (SELECT FROM bills WHERE status IN ('received', 'processing'))"
SPAN = "SELECT extract(epoch FROM max(updated_at) - :start) FROM bills"
TABLE = "CREATE TABLE naive_bills (path text, fields jsonb, read_at timestamptz DEFAULT clock_timestamp())"


def measure(machine: Machine) -> dict:
    """Return the bills that are read a second, and those of the naive design."""
    folder = machine.folder / "files"
    settings.use(replace(settings.current(), storage_url=folder.as_uri()))
    machine.more[variable("storage_url")] = folder.as_uri()
    papers = [render_pdf(PAGE.format(number), organization_id=0) for number in range(BILLS)]
    return {
        "bills": several("bills", lambda: bills(machine, papers)),
        "naive": several("naive bills", lambda: naive(machine, papers[:NAIVE_BILLS])),
    }


def rows(figures: dict) -> list[dict]:
    """Return what was expected beside what was measured."""
    ratio = figures["bills"]["median"] / figures["naive"]["median"]
    return [row("bills with a text layer, upload to processed / a Celery task for each file", ratio, least=3)]


def bills(machine: Machine, papers: list[bytes]) -> float:
    """Return bills a second of one organization, from the first upload until the last was read."""
    machine.renew()
    work = Workload(1)
    with machine.running(*workloads.CHAIN):
        _upload(work.organization_id, papers[:WARM_UP])
        wait_for(lambda: not machine.scalar(WAITING), pause=workloads.PAUSE)
        start = machine.scalar("SELECT clock_timestamp()")
        _upload(work.organization_id, papers[WARM_UP:])
        wait_for(lambda: not machine.scalar(WAITING), pause=workloads.PAUSE)
        return (len(papers) - WARM_UP) / float(machine.scalar(SPAN, start=start))


def naive(machine: Machine, papers: list[bytes]) -> float:
    """Return bills a second of the design that everybody writes: a task for each file, which reads it in one commit."""
    from bench.peers import read_bill

    machine.renew()
    machine.execute(TABLE)
    folder = Path(machine.folder / "naive")
    folder.mkdir(exist_ok=True)
    with machine.running(("celery", "-A", "bench.peers", "worker", "-Q", "naive", *CELERY_OPTIONS)):
        read_bill.delay(_kept(folder, 0, papers[0]))
        wait_for(lambda: machine.scalar("SELECT count(*) FROM naive_bills"), pause=workloads.PAUSE)
        started = time.monotonic()
        for number, paper in enumerate(papers):
            read_bill.delay(_kept(folder, number, paper))
        wait_for(lambda: machine.scalar("SELECT count(*) FROM naive_bills") > len(papers), pause=workloads.PAUSE)
        return len(papers) / (time.monotonic() - started)


def _upload(organization_id: int, papers: list[bytes]) -> None:
    for paper in papers:
        with spool([paper]) as spooled:
            file = storing.store(organization_id, spooled)
        with transaction() as session:
            receive(session, file, "bill.pdf", UPLOAD)


def _kept(folder: Path, number: int, paper: bytes) -> str:
    path = folder / f"{number}.pdf"
    path.write_bytes(paper)
    return str(path)
