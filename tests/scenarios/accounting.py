"""Scenarios of sources whose journal entries are made anew."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal
from typing import Any

import psycopg
from sqlalchemy import text

from db.transaction import transaction
from domain.accounting import recreation, sources
from domain.accounting.sources import KIND, Owed, Source
from domain.jobs.lifecycle import Status
from domain.jobs.submission import enqueue
from tests import chain, trade
from tests.scenarios.invoices import WAITING
from tests.scenarios.jobs import state
from tests.stage import Stage
from tests.tenant import new_tenant
from tests.waiting import wait_until

ENTRIES = """
    SELECT version, deleted_at IS NOT NULL AS deleted, id FROM journal_entries
    WHERE source_type = %s AND source_id = %s ORDER BY id"""
VERSION = "SELECT version FROM accounting_sources WHERE source_type = %s AND source_id = %s"
LINE = "INSERT INTO journal_lines (entry_id, line_number, organization_id, account_code, debit, credit)"
PAIR = f"""{LINE} SELECT id, n, organization_id, '1000', 9 - n, n - 8
           FROM journal_entries CROSS JOIN generate_series(8, 9) AS n"""
COPY = f"""
    WITH copy AS (
        INSERT INTO journal_entries (organization_id, source_type, source_id, version, entry_date, currency_code)
        SELECT organization_id, source_type, source_id, version, entry_date, currency_code FROM journal_entries
        RETURNING id, organization_id
    )
    {LINE} SELECT copy.id, line_number, copy.organization_id, account_code, debit, credit FROM copy
    CROSS JOIN (SELECT line_number, account_code, debit, credit FROM journal_lines LIMIT 3) AS line"""
UNBALANCED = f"""
    WITH entry AS (
        INSERT INTO journal_entries (organization_id, source_type, source_id, version, entry_date, currency_code)
        SELECT organization_id, 'invoice', id, 1, issue_date, 'EUR' FROM invoices WHERE id = %s
        RETURNING id, organization_id
    )
    {LINE} SELECT id, n, organization_id, '1000', CASE n WHEN 1 THEN 5 ELSE 0 END, CASE n WHEN 2 THEN 4 ELSE 0 END
    FROM entry CROSS JOIN generate_series(1, 2) AS n"""
CHANGES = (
    "UPDATE journal_lines SET debit = debit + 1 WHERE debit > 0",
    "DELETE FROM journal_lines",
    "UPDATE journal_entries SET version = version + 1",
    "UPDATE journal_entries SET entry_date = entry_date - 1",
    "UPDATE journal_entries SET deleted_at = NULL",
    "DELETE FROM journal_entries",
    "UPDATE journal_entries SET deleted_at = clock_timestamp() WHERE deleted_at IS NOT NULL",
    f"{PAIR} WHERE deleted_at IS NULL",
    f"WITH gone AS (UPDATE journal_entries SET deleted_at = clock_timestamp() WHERE deleted_at IS NULL) {PAIR}",
)

AMOUNTS = """
    SELECT trim_scale(debit - credit) FROM journal_lines JOIN journal_entries AS e ON e.id = entry_id
    WHERE source_type = %s AND source_id = %s AND deleted_at IS NULL ORDER BY line_number"""
# An issued invoice is frozen, and its amounts have its currency's decimals: only so does it get others.
INVOICED = """
    ALTER TABLE invoices DISABLE TRIGGER frozen;
    UPDATE invoices SET currency_code = '{}', subtotal = {}, tax_total = {}, total = {} WHERE id = {};
    ALTER TABLE invoices ENABLE TRIGGER frozen"""


def entries(source: Source) -> list[tuple[int, bool, int]]:
    """Return the version of each entry of the source, whether it is deleted, and its id; oldest first."""
    return chain.rows(ENTRIES, *source)


def version(source: Source) -> int:
    return chain.value(VERSION, *source)


def outcome(owed: Owed) -> dict[str, Any]:
    return chain.value("SELECT result FROM jobs WHERE id = %s", owed.job_id)


def invoice(stage: Stage) -> Source:
    """Return a new invoice that the journal has in its first version."""
    [source] = trade.invoices(stage.tenant)
    chain.recover()
    assert [row[:2] for row in entries(source)] == [(1, False)], "the journal has not heard of an invoice"
    return source


def an_older_version_is_superseded_without_work(stage: Stage) -> None:
    source = invoice(stage)
    [older], [newer] = trade.change(stage.tenant, source), trade.change(stage.tenant, source)
    for owed in (older, newer):
        trade.enter(owed)
    assert outcome(older) == {"documents": 1, "entries": 0, "superseded": 1}, "an old version was entered"
    assert outcome(newer) == {"documents": 1, "entries": 1, "superseded": 0}, "the last version was not entered"
    assert [row[:2] for row in entries(source)] == [(1, True), (3, False)]
    chain.recover()
    stage.check()


def a_version_is_entered_once_however_many_jobs_ask_for_it(stage: Stage) -> None:
    source = invoice(stage)
    [owed] = trade.change(stage.tenant, source)
    for _ in range(2):
        with transaction() as session:
            assert sources.synchronize(session, stage.tenant.id, sources.TYPES).sources == 1
    trade.enter(owed)
    chain.recover()
    assert [row[:2] for row in entries(source)] == [(1, True), (2, False)], "one version was entered twice"
    assert chain.value("SELECT sum((result ->> 'entries')::int) FROM jobs WHERE kind = %s", KIND) == 3
    stage.check()


def two_recreations_of_one_source_never_run_at_once(stage: Stage) -> None:
    source = invoice(stage)
    [owed] = trade.change(stage.tenant, source)
    with transaction() as session:
        sources.synchronize(session, stage.tenant.id, sources.TYPES)
    twin = Owed(chain.value("SELECT max(id) FROM jobs"), owed.versions)
    with ThreadPoolExecutor(1) as pool:
        with transaction() as first:
            assert recreation.recreate(first, [owed.versions])[0]["entries"] == 1
            second = pool.submit(trade.enter, twin)
            wait_until(lambda: chain.value(WAITING), message="nobody waited for the first")
        second.result()
    assert state(twin.job_id) == (Status.COMPLETED, 1), "the second did not wait for the first"
    assert outcome(twin)["superseded"] == 1
    chain.recover()
    assert [row[:2] for row in entries(source)] == [(1, True), (2, False)]
    stage.check()


def groups_that_share_sources_lock_them_in_one_order(stage: Stage) -> None:
    first, second = trade.invoices(stage.tenant, 2)
    chain.recover()
    [owed] = trade.change(stage.tenant, second, first)
    with ThreadPoolExecutor(1) as pool:
        with transaction() as holder:
            lock = text("SELECT FROM accounting_sources WHERE source_id = :id FOR UPDATE")
            holder.execute(lock, {"id": first.id}).all()
            delivery = pool.submit(trade.enter, owed)
            wait_until(lambda: chain.value(WAITING), message="the group did not wait for the document")
            nowait = "SELECT FROM accounting_sources WHERE source_id = %s FOR UPDATE NOWAIT"
            chain.ask(nowait, second.id)
        delivery.result()
    chain.recover()
    stage.check()


def an_entry_and_its_lines_never_change(stage: Stage) -> None:
    source = invoice(stage)
    trade.change(stage.tenant, source)
    chain.recover()
    for change in CHANGES:
        try:
            chain.ask(change)
        except psycopg.errors.RestrictViolation:
            continue
        raise AssertionError(f"done: {change}")
    stage.check()


def the_database_refuses_a_second_live_entry(stage: Stage) -> None:
    source = invoice(stage)
    with suppress(psycopg.errors.UniqueViolation):
        chain.ask(COPY)
    assert [row[:2] for row in entries(source)] == [(1, False)], "a source has two live entries"
    stage.check()


def the_database_refuses_an_entry_that_does_not_balance(stage: Stage) -> None:
    [source] = trade.invoices(stage.tenant)
    with suppress(psycopg.errors.CheckViolation):
        chain.ask(UNBALANCED, source.id)
    assert entries(source) == [], "an entry that does not balance was committed"
    chain.recover()
    stage.check()


def an_amount_is_booked_in_whole_units_of_its_currency(stage: Stage) -> None:
    """What rounding leaves over goes to the last line, so that each entry balances."""
    expected = {
        "JPY": ("25 -20 -5", "25 -20 -5 5 -5", "33 -33", "12 -12"),
        "KWD": ("24.801 -20.4 -4.401", "24.801 -20.4 -4.401 5.251 -5.251", "33.333 -33.333", "12.346 -12.346"),
    }
    for currency, amounts in expected.items():
        chain.ask("UPDATE organizations SET currency_code = %s", currency)
        sources = unrounded(stage, currency)
        for owed in trade.change(stage.tenant, *sources):
            trade.enter(owed)
        booked = tuple(" ".join(f"{amount:f}" for (amount,) in chain.rows(AMOUNTS, *one)) for one in sources)
        assert booked == amounts, f"booked in {currency}: {booked}"


def unrounded(stage: Stage, currency: str) -> list[Source]:
    """Return an invoice, a sale, a purchase and a transfer whose amounts have four decimals each."""
    here, there = trade.place(stage.tenant), trade.place(stage.tenant)
    [invoiced] = trade.invoices(stage.tenant)
    subtotal, tax_total, total = Decimal("20.4004"), Decimal("4.4004"), Decimal("24.8008")
    chain.ask(INVOICED.format(currency, subtotal, tax_total, total, invoiced.id))
    return [
        invoiced,
        trade.sale(stage.tenant, here, ("2.6255", "2.6254"), subtotal=subtotal, tax_total=tax_total, total=total),
        trade.purchase(stage.tenant, here, total=Decimal("33.3333")),
        trade.transfer(stage.tenant, here, there, ("8.1228", "4.2227")),
    ]


def another_organizations_job_enters_nothing(stage: Stage) -> None:
    source = invoice(stage)
    trade.change(stage.tenant, source)
    chain.recover()
    stranger = new_tenant("Stranger")
    chain.ask("UPDATE accounting_sources SET entered_version = 0")
    forged = {"documents": [source._asdict() | {"version": version(source)}]}
    with transaction() as session:
        [job_id] = enqueue(session, stranger.id, KIND, [("", forged)])
    chain.recover()
    assert outcome(Owed(job_id, []))["entries"] == 0, "a job reached over to another organization's document"
    chain.ask("UPDATE accounting_sources SET entered_version = version")
    stage.check()


def another_organization_sees_no_entry(stage: Stage) -> None:
    invoice(stage)
    stranger = new_tenant("Stranger")
    for path in ("/api/v1/accounting/entries", "/api/v1/accounting/entries?deleted=true"):
        assert chain.get(stage.tenant, path).json
        assert chain.get(stranger, path).json == [], f"shown to another organization: {path}"
    assert chain.get(stage.tenant, "/api/v1/accounting/trial-balance").json["totals"]
    assert chain.get(stranger, "/api/v1/accounting/trial-balance").json["totals"] == [], "sums of another organization"
    stage.check()


def a_stranger_recreates_nothing(stage: Stage) -> None:
    stranger, source = new_tenant("Stranger"), invoice(stage)
    here, there = trade.place(stage.tenant), trade.place(stage.tenant)
    unheard = (
        trade.purchase(stage.tenant, here, status="draft", approved_at=None),
        trade.sale(stage.tenant, here, costs=(), status="pending", completed_at=None),
        trade.transfer(stage.tenant, here, there, values=(), status="draft", sent_at=None),
    )
    for asked in (source, *unheard):
        answer = chain.post(stranger, "/api/v1/accounting/recreations", {"documents": [asked._asdict()]})
        assert answer.status_code == 404, "another organization's source was recreated"
    assert version(source) == 1
    stage.check()


SCENARIOS = (
    an_older_version_is_superseded_without_work,
    a_version_is_entered_once_however_many_jobs_ask_for_it,
    two_recreations_of_one_source_never_run_at_once,
    groups_that_share_sources_lock_them_in_one_order,
    an_entry_and_its_lines_never_change,
    the_database_refuses_a_second_live_entry,
    the_database_refuses_an_entry_that_does_not_balance,
    an_amount_is_booked_in_whole_units_of_its_currency,
    another_organizations_job_enters_nothing,
    another_organization_sees_no_entry,
    a_stranger_recreates_nothing,
)
