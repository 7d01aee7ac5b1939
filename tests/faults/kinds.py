"""Work that does what no handler should. Imported by the processes under test, never by the tests' own."""

import ctypes
import time
from collections.abc import Sequence

from sqlalchemy import text

from domain.invoices import numbering
from domain.invoices.request import SERIES
from domain.jobs import work
from domain.jobs.lanes import OCR
from domain.jobs.work import ClaimedJob, Context, Outcome, PermanentError
from tasks.kinds.invoice_generate import generate_invoices


@work.job("fault.group", group=20, backoff=0.2)
def leave_traces(context: Context, jobs: Sequence[ClaimedJob]) -> list[Outcome]:
    """Each job that completes has left exactly one row."""
    for job in jobs:
        wait(job)
        context.session.execute(text("INSERT INTO effects (job_id) VALUES (:id)"), {"id": job.id})
        misbehave(job.payload.get("fault"))
    return [{} for _ in jobs]


@work.job("fault.single", backoff=0.2)
def leave_trace(context: Context, job: ClaimedJob) -> None:
    leave_traces(context, [job])


@work.job("fault.slow", group=20, timeout=1)
def leave_traces_in_a_second(context: Context, jobs: Sequence[ClaimedJob]) -> list[Outcome]:
    return leave_traces(context, jobs)


HALF_MADE: list[int] = []


@work.job("fault.half_made", timeout=1, backoff=0.2)
def leave_half_made(_context: Context, job: ClaimedJob) -> None:
    """As a library does that is interrupted at its first use: nothing works in this process any more."""
    if HALF_MADE:
        raise RuntimeError("half made")
    HALF_MADE.append(job.id)
    if job.attempts == 1:
        wait(job)
    HALF_MADE.clear()


@work.job("fault.asleep", backoff=0.2)
def sleep_in_a_statement(context: Context, job: ClaimedJob) -> None:
    context.session.execute(text(f"SELECT pg_sleep({job.payload['sleep']})"))


@work.job("fault.scan", lane=OCR, backoff=0.2)
def scan(context: Context, job: ClaimedJob) -> None:
    leave_traces(context, [job])


@work.job("fault.refused")
def refuse(_context: Context, _job: ClaimedJob) -> None:
    raise PermanentError("no")


@work.job("fault.late_invoice", backoff=0.2)
def generate_late(context: Context, job: ClaimedJob) -> Outcome:
    """The real handler, after a wait during which no transaction is open."""
    wait(job)
    return generate_invoices(context, [job])[0]


@work.job("fault.hold_counter", backoff=0.2)
def hold_counter(context: Context, job: ClaimedJob) -> Outcome:
    """The real handler, which then keeps the supplier's counter locked."""
    result = generate_invoices(context, [job])[0]
    numbering.lock(context.session, {numbering.Key(job.payload["supplier_id"], SERIES)})
    wait(job)
    return result


def wait(job: ClaimedJob) -> None:
    time.sleep(job.payload.get("seconds", 0))


def misbehave(fault: str | None) -> None:
    match fault:
        case "segfault":
            ctypes.string_at(0)
        case "memory":
            hoard = []
            while True:
                hoard.append(b"x" * 50_000_000)
        case "idle":
            time.sleep(1.5)
        case "endless":
            while True:
                never_listen()


def never_listen() -> None:
    try:
        time.sleep(1)
    except Exception:
        return  # the soft time limit, which asks
