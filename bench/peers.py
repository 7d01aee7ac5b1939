"""The peers of the bench: bare Celery, and the design everybody writes first."""

import json
import time
from datetime import date
from functools import cache
from pathlib import Path

import redis
import requests
from celery import Celery
from sqlalchemy import select, text
from sqlalchemy.orm import Session

import settings
from db.models import Client, Invoice, InvoiceItem, Job, NumberSeries, Supplier, Template
from db.transaction import transaction
from domain.bills.checking import judge
from domain.bills.content import TEXT, Page, Reading
from domain.bills.extraction import Hints, extract
from domain.bills.reading import answers, reader
from domain.bills.reading.order import in_order
from domain.bills.reading.pdf_file import PdfFile
from domain.invoices.request import InvoiceRequest
from domain.pricing import price

STARTED = "started after ms"
PATH = text("SELECT path FROM naive_bills WHERE id = :id")
NAIVE_BILL = text(
    "UPDATE naive_bills SET status = :status, fields = CAST(:fields AS jsonb), checks = CAST(:checks AS jsonb)"
    " WHERE id = :id"
)
SECONDS = 30

app = Celery("peers", broker=settings.current().broker_url)
app.conf.update(task_ignore_result=True)


@app.task(name="noop", queue="noop")
def noop(number: int) -> None:
    """Nothing at all: what the broker and the worker cost by themselves."""


@app.task(name="started", queue="noop")
def started(sent: float) -> None:
    """Note how long after `sent` this began, in ms."""
    taken = 1000 * (time.time() - sent)
    _notes().rpush(STARTED, taken)


@app.task(name="post", queue="naive", acks_late=True)
def post(url: str, body: str) -> None:
    """Post to a receiver as one does first."""
    requests.post(url, body, timeout=15).raise_for_status()


@app.task(name="read bill", queue="naive", acks_late=True)
def read_bill(bill_id: int) -> None:
    """Read a file with the same libraries and rules, in this process, whatever it may do to it."""
    with transaction() as session:
        said = PdfFile(_content(session, bill_id)).text()
        pages = [
            Page(number, page["width"], page["height"], TEXT, in_order(answers.words(page["words"])))
            for number, page in enumerate(said["pages"], 1)
        ]
        _record(session, bill_id, Reading(pages))


@app.task(name="read bill in a jail", queue="naive", acks_late=True)
def read_bill_in_a_jail(bill_id: int) -> None:
    """Do the same with a process of the jail for each file."""
    with transaction() as session:
        data = _content(session, bill_id)
        _record(session, bill_id, reader.read_text(data, "application/pdf", time.monotonic() + SECONDS))


def _content(session: Session, bill_id: int) -> bytes:
    return Path(session.scalars(PATH, {"id": bill_id}).one()).read_bytes()


def _record(session: Session, bill_id: int, reading: Reading) -> None:
    hints = Hints()
    found = judge(extract(reading, hints), reading, hints, date.today())
    told = {"fields": json.dumps(found.fields), "checks": json.dumps(found.checks)}
    session.execute(NAIVE_BILL, {"id": bill_id, "status": found.status, **told})


@cache
def _notes() -> redis.Redis:
    return redis.Redis.from_url(settings.current().broker_url)


@app.task(name="naive", queue="naive", acks_late=True)
def naive(job_id: int) -> None:
    """One task a request, the ORM, the supplier locked for the whole of it, one commit."""
    with transaction() as session:
        job = session.get_one(Job, job_id)
        request = InvoiceRequest.of_job(job.organization_id, job.id, job.payload)
        supplier = session.scalars(
            select(Supplier).where(Supplier.id == request.supplier_id).with_for_update(of=Supplier)
        ).one()
        client = _client(session, request)
        invoice = _invoice(session, request, supplier, client)
        session.flush()
        job.status, job.completed_at = "COMPLETED", invoice.created_at
        job.result = {"invoiceId": invoice.id, "invoiceNumber": invoice.invoice_number}


def _client(session: Session, request: InvoiceRequest) -> Client:
    found = session.scalar(select(Client).where(Client.tax_id == request.client["tax_id"]))
    if found is None:
        found = Client(organization_id=request.organization_id, **request.client)
        session.add(found)
        session.flush()
    return found


def _invoice(session: Session, request: InvoiceRequest, supplier: Supplier, client: Client) -> Invoice:
    priced = price(request.items, supplier.currency_code, supplier.default_tax_rate)
    series = session.get_one(NumberSeries, (supplier.id, "invoice"), populate_existing=True)
    series.last_number += 1
    invoice = Invoice(
        organization_id=request.organization_id,
        supplier_id=supplier.id,
        series_code="invoice",
        number=series.last_number,
        invoice_number=f"{series.pattern}{series.last_number:06d}",
        job_id=request.job_id,
        client_id=client.id,
        template_hash=_template(session),
        status="issued",
        issue_date=date.today(),
        locale_code=supplier.locale_code,
        currency_code=supplier.currency_code,
        supplier=supplier.snapshot(),
        client=client.snapshot(),
        subtotal=priced.subtotal,
        tax_total=priced.tax_total,
        total=priced.total,
        hash=bytes(32),
        items=[
            InvoiceItem(
                line_number=number,
                description=line.item.description,
                quantity=line.item.quantity,
                unit_price=line.item.unit_price,
                discount=line.item.discount,
                tax_rate=line.tax_rate,
                line_subtotal=line.subtotal,
                line_tax=line.tax,
                line_total=line.total,
            )
            for number, line in enumerate(priced.lines, 1)
        ],
    )
    session.add(invoice)
    return invoice


def _template(session: Session) -> bytes:
    return session.scalars(select(Template.source_hash).where(Template.is_default)).first() or b""
