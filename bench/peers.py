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
from domain.bills import answers
from domain.bills.content import TEXT, Page, Reading
from domain.bills.extraction import Hints, check, extract
from domain.bills.pdf_file import PdfFile
from domain.invoices.request import InvoiceRequest
from domain.pricing import price

STARTED = "started after ms"
NAIVE_BILL = text("INSERT INTO naive_bills (path, fields) VALUES (:path, CAST(:fields AS jsonb))")

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
def read_bill(path: str) -> None:
    """Read a file with the same libraries and rules, in this process, and write what it says."""
    said = PdfFile(Path(path).read_bytes()).text()
    pages = [
        Page(number, page["width"], page["height"], TEXT, answers.words(page["words"]))
        for number, page in enumerate(said["pages"], 1)
    ]
    hints = Hints()
    found = extract(Reading(pages), hints)
    check(found, None, hints, date.today())
    fields = {name: one.value for name, one in found.items()}
    with transaction() as session:
        session.execute(NAIVE_BILL, {"path": path, "fields": json.dumps(fields)})


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
