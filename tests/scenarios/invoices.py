"""Scenarios of numbering, and of the bond between an invoice and the request it comes from."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import psycopg
from sqlalchemy.exc import IntegrityError

from db.transaction import transaction
from domain.invoices import generation, numbering
from domain.invoices.request import SERIES, InvoiceRequest
from domain.jobs.lifecycle import Status
from tests import chain
from tests.crash.parts import WORKER
from tests.scenarios.jobs import INVOICES, claim, state
from tests.stage import Stage
from tests.waiting import wait_until

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
LATE_LINES = """INSERT INTO invoice_items
                SELECT invoice_id, line_number + 1000, description, quantity, unit_price, discount, tax_rate,
                    line_subtotal, line_tax, line_total FROM invoice_items"""
CHANGES = (
    "UPDATE invoices SET number = number + 1000",
    "UPDATE invoices SET total = total + 1, subtotal = subtotal + 1",
    "UPDATE invoices SET client = '{}'",
    "UPDATE invoices SET status = 'unpaid', due_date = issue_date",
    "DELETE FROM invoices",
    "UPDATE invoice_items SET description = 'other'",
    "DELETE FROM invoice_items",
    LATE_LINES,
    f"UPDATE invoices SET updated_at = clock_timestamp(); {LATE_LINES}",
    "UPDATE invoices SET issued_in = CAST(CAST(pg_current_xact_id() AS text) AS bigint)",
)


def _of_job(stage: Stage, request_id: int) -> InvoiceRequest:
    job = claim(request_id, uuid.uuid4())
    return InvoiceRequest.of_job(stage.tenant.id, job.id, job.payload)


def no_crash_falls_between_the_invoice_and_the_completed_row(stage: Stage) -> None:
    passed = WORKER.points(stage)
    issued, completed = passed.index("after issue_invoices"), passed.index("before complete")
    assert "before commit" not in passed[issued:completed], "an invoice may stand beside a PROCESSING row"
    WORKER.killed_at(passed.index("after complete"), stage)
    request_id = stage.accepted[-1].request_id
    assert (state(request_id), chain.value(INVOICES, request_id)) == ((Status.PROCESSING, 1), 0)
    stage.check(drained=False)
    WORKER.finish(stage, "after complete")
    stage.check()


def an_invoice_beside_a_processing_row_is_adopted_and_not_issued_again(stage: Stage) -> None:
    stage.begin()
    request_id = stage.submit()
    with transaction() as session:
        generation.issue(session, [_of_job(stage, request_id)])
    assert (state(request_id), chain.value(INVOICES, request_id)) == ((Status.PROCESSING, 1), 1)
    chain.recover()
    assert state(request_id) == (Status.COMPLETED, 2), "the invoice was not adopted"
    stage.check()


def the_database_refuses_a_second_invoice_for_a_request(stage: Stage) -> None:
    stage.begin()
    request_id = stage.submit()
    request = _of_job(stage, request_id)
    with transaction() as session:
        generation.issue(session, [request])
    try:
        with transaction() as session:
            generation.issue(session, [request])
    except IntegrityError:
        pass
    assert chain.value(INVOICES, request_id) == 1, "a request has two invoices"
    chain.recover()
    stage.check()


def two_who_issue_at_once_get_consecutive_numbers(stage: Stage) -> None:
    def issue(name: str) -> str:
        with transaction() as session:
            [issued] = generation.issue(session, [stage.tenant.request(name)])
        return issued.invoice_number

    with ThreadPoolExecutor(1) as pool:
        with transaction() as session:
            [first] = generation.issue(session, [stage.tenant.request("First")])
            second = pool.submit(issue, "Second")
            wait_until(lambda: chain.value(WAITING), message="the second did not wait for the first")
        got = second.exception() or second.result()
    assert [first.invoice_number, got] == ["INV-000002", "INV-000003"], "the second did not get the next number"
    stage.check()


def a_held_counter_blocks_no_insert_that_refers_to_its_supplier(stage: Stage) -> None:
    stage.begin()
    with transaction() as session:
        numbering.lock(session, [numbering.Key(stage.tenant.supplier_id, SERIES)])
        stage.submit()
        chain.ask("SET lock_timeout = '300ms'")
        chain.ask("INSERT INTO number_series (supplier_id, code) VALUES (%s, 'other')", stage.tenant.supplier_id)
        chain.ask("RESET lock_timeout")
    chain.recover()
    stage.check()


def an_issued_invoice_never_changes(stage: Stage) -> None:
    for change in CHANGES:
        try:
            chain.ask(change)
        except psycopg.errors.RestrictViolation:
            continue
        raise AssertionError(f"done: {change}")
    stage.check()


SCENARIOS = (
    no_crash_falls_between_the_invoice_and_the_completed_row,
    an_invoice_beside_a_processing_row_is_adopted_and_not_issued_again,
    the_database_refuses_a_second_invoice_for_a_request,
    two_who_issue_at_once_get_consecutive_numbers,
    a_held_counter_blocks_no_insert_that_refers_to_its_supplier,
    an_issued_invoice_never_changes,
)
