"""The journal: what each source comes to, once and balanced, whoever recreates it and how often."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from counterfoil.crashkit.fuse import points
from db.transaction import transaction
from domain.accounting import journal, sources
from domain.accounting.sources import KIND, MAX_SOURCES_IN_A_JOB, MAX_SOURCES_SYNCHRONIZED, Source
from domain.errors import NotFound
from domain.invoices import generation
from domain.jobs.priorities import HIGH
from domain.jobs.submission import submit
from tests import chain, trade
from tests.checker import check
from tests.scenarios import accounting
from tests.scenarios.accounting import entries, outcome, version
from tests.scenarios.invoices import WAITING
from tests.scenarios.jobs import state
from tests.stage import Stage
from tests.tenant import Tenant
from tests.waiting import wait_until

LINES = """
    SELECT account_code, debit, credit, location_id FROM journal_lines JOIN journal_entries AS e ON e.id = entry_id
    WHERE source_type = %s AND source_id = %s AND deleted_at IS NULL ORDER BY line_number"""
BARE = "INSERT INTO journal_entries (organization_id, source_type, source_id, version, entry_date, currency_code)"


def entered(tenant: Tenant, source: Source) -> list[tuple[Any, ...]]:
    """Return the lines that a change of the source comes to: account, debit, credit, location."""
    trade.enter(*trade.change(tenant, source))
    return [(code, str(debit), str(credit), place) for code, debit, credit, place in chain.rows(LINES, *source)]


@pytest.mark.parametrize("scenario", accounting.SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_scenario(scenario, stage: Stage) -> None:
    scenario(stage)


def test_an_invoice_is_owed_by_who_received_it(database, organization):
    [source] = trade.invoices(organization)
    chain.ask("UPDATE organizations SET currency_code = 'CHF'")
    assert entered(organization, source) == [
        ("1100", "25.2000", "0.0000", None),
        ("4000", "0.0000", "21.0000", None),
        ("2200", "0.0000", "4.2000", None),
    ]
    assert chain.rows("SELECT currency_code, entry_date FROM journal_entries WHERE deleted_at IS NULL") == [
        chain.rows("SELECT currency_code, issue_date FROM invoices")[0]
    ]
    assert chain.value("SELECT currency_code FROM journal_entries") == "EUR", "an invoice keeps its own currency"


def test_a_sale_brings_cash_and_costs_what_left_the_shelf(database, organization):
    place = trade.place(organization)
    chain.ask("UPDATE organizations SET currency_code = 'CHF'")
    assert entered(organization, trade.sale(organization, place)) == [
        ("1000", "24.0000", "0.0000", None),
        ("4000", "0.0000", "20.0000", None),
        ("2200", "0.0000", "4.0000", None),
        ("5000", "12.5000", "0.0000", place),
        ("1300", "0.0000", "12.5000", place),
    ]
    today = datetime.now(UTC).date()
    assert chain.rows("SELECT currency_code, entry_date FROM journal_entries") == [("CHF", today)]


def test_a_purchase_fills_the_shelf_on_credit(database, organization):
    place = trade.place(organization)
    assert entered(organization, trade.purchase(organization, place)) == [
        ("1300", "30.0000", "0.0000", place),
        ("2000", "0.0000", "30.0000", None),
    ]


def test_a_transfer_is_in_transit_until_it_arrives(database, organization):
    here, there = trade.place(organization), trade.place(organization)
    source = trade.transfer(organization, here, there)
    credit = ("1300", "0.0000", "9.2500", here)
    assert entered(organization, source) == [("1310", "9.2500", "0.0000", None), credit]
    trade.arrive(source)
    assert entered(organization, source) == [("1300", "9.2500", "0.0000", there), credit]
    assert [row[:2] for row in entries(source)] == [(1, True), (2, False)]


def test_an_amount_of_zero_gives_no_line(database, organization):
    place = trade.place(organization)
    untaxed = trade.sale(organization, place, costs=(), tax_total=Decimal(0), total=Decimal(20))
    assert [line[0] for line in entered(organization, untaxed)] == ["1000", "4000"]
    gift = trade.sale(
        organization, place, costs=("3",), **dict.fromkeys(("subtotal", "tax_total", "total"), Decimal(0))
    )
    assert [line[0] for line in entered(organization, gift)] == ["5000", "1300"]


@pytest.mark.parametrize("kind", ["a draft", "nothing worth"])
def test_what_comes_to_nothing_has_no_entry_and_its_job_completes(database, organization, kind):
    place = trade.place(organization)
    terms = {"status": "draft", "approved_at": None} if kind == "a draft" else {"total": Decimal(0)}
    [owed] = trade.change(organization, source := trade.purchase(organization, place, **terms))
    trade.enter(owed)
    assert outcome(owed) == {"documents": 1, "entries": 0, "superseded": 0}
    assert entries(source) == []
    with transaction() as session:
        assert sources.synchronize(session, organization.id, sources.TYPES).sources == 0, "it is up to date"
    check(database)


def test_what_was_worth_something_and_is_no_more_loses_its_entry(database, organization):
    source = trade.purchase(organization, trade.place(organization))
    entered(organization, source)
    chain.ask("UPDATE purchases SET total = 0")
    assert entered(organization, source) == []
    assert [row[:2] for row in entries(source)] == [(1, True)]


def test_a_group_of_every_type_of_two_organizations_is_entered_by_few_statements(
    database, organization, other_organization
):
    def owe(tenant: Tenant) -> list[sources.Owed]:
        return [owed for one in trade.goods(tenant) * 3 for owed in trade.change(tenant, one)]

    owed = [*owe(organization), *owe(other_organization)]
    names = points(lambda: trade.enter(*owed))
    assert len([name for name in names if name.startswith("after") and name != "after commit"]) == 11
    assert [outcome(one)["superseded"] for one in owed] == [1] * 6 + [0] * 3 + [1] * 6 + [0] * 3
    live = "SELECT organization_id, count(*) FROM journal_entries WHERE deleted_at IS NULL GROUP BY 1 ORDER BY 1"
    assert chain.rows(live) == [
        (organization.id, 3),
        (other_organization.id, 3),
    ]
    check(database)


def test_issuing_two_hundred_invoices_owes_one_job_and_costs_two_statements_more(database, organization):
    names = points(lambda: trade.invoices(organization, MAX_SOURCES_IN_A_JOB))
    assert [names.count(f"after {name}") for name in ("issue_invoices", "change_sources", "enqueue")] == [1, 1, 1]
    [(job_id, count)] = chain.rows("SELECT id, jsonb_array_length(payload -> 'documents') FROM jobs")
    assert count == MAX_SOURCES_IN_A_JOB
    trade.enter(sources.Owed(job_id, []))
    assert chain.value("SELECT count(*) FROM journal_entries") == MAX_SOURCES_IN_A_JOB
    check(database)


def test_invoices_of_several_organizations_owe_a_job_each(database, organization, other_organization):
    requests = [organization.request(), other_organization.request(), organization.request()]
    with transaction() as session:
        issued = generation.issue(session, requests)
    owed = "SELECT organization_id, priority, payload -> 'documents' FROM jobs ORDER BY organization_id"
    versions = [{"type": "invoice", "id": one.id, "version": 1} for one in issued]
    assert chain.rows(owed) == [
        (organization.id, 1, [versions[0], versions[2]]),
        (other_organization.id, 1, [versions[1]]),
    ]


def test_more_sources_than_a_job_takes_are_owed_several(database, organization):
    made = trade.invoices(organization, MAX_SOURCES_IN_A_JOB + 1)
    owed = trade.change(organization, *made)
    assert [len(one.versions) for one in owed] == [MAX_SOURCES_IN_A_JOB, 1]


def test_a_source_named_twice_changes_once(database, organization):
    [source] = trade.invoices(organization)
    [owed] = trade.change(organization, source, source)
    assert [one.version for one in owed.versions] == [2]


def test_an_entry_without_lines_is_refused_by_the_database_at_commit(database, organization):
    [source] = trade.invoices(organization)
    with psycopg.connect(database) as connection:
        connection.execute(f"{BARE} VALUES (%s, 'invoice', %s, 1, '2026-01-01', 'EUR')", (organization.id, source.id))
        with pytest.raises(psycopg.errors.CheckViolation, match="does not balance"):
            connection.commit()


@pytest.mark.parametrize(("debit", "credit"), [(0, 0), (1, 1), (-1, 0)])
def test_a_line_has_exactly_one_side(database, organization, debit, credit):
    [source] = trade.invoices(organization)
    entered(organization, source)
    with pytest.raises(psycopg.errors.CheckViolation):
        chain.ask(
            "INSERT INTO journal_lines (entry_id, line_number, organization_id, account_code, debit, credit)"
            " SELECT id, 9, organization_id, '1000', %s, %s FROM journal_entries",
            debit,
            credit,
        )


def test_a_change_of_another_organization_moves_no_version(database, organization, other_organization):
    [source] = trade.invoices(organization)
    with pytest.raises(NotFound):
        trade.change(other_organization, source)
    assert version(source) == 1


def test_a_recreation_names_each_source_that_is_not_there_and_changes_nothing(
    database, organization, other_organization
):
    [mine], [theirs] = trade.invoices(organization), trade.invoices(other_organization)
    asked = [mine, Source("sale", mine.id), theirs, Source("transfer", 10**17)]
    with (
        pytest.raises(NotFound, match=rf"^not found: sale {mine.id}, invoice {theirs.id}, transfer 1(0+)$"),
        transaction() as session,
    ):
        sources.recreate(session, organization.id, asked, size=1)
    assert version(mine) == 1


def test_a_recreation_takes_the_old_entry_out_at_once_and_is_owed_at_high_priority(database, organization):
    [source] = trade.invoices(organization)
    entered(organization, source)
    with transaction() as session:
        [owed] = sources.recreate(session, organization.id, [source], size=1, priority=HIGH)
    assert [row[:2] for row in entries(source)] == [(2, True)]
    assert chain.rows("SELECT priority FROM outbox WHERE job_id = %s", owed.job_id) == [(2,)]
    trade.enter(owed)
    assert [row[:2] for row in entries(source)] == [(2, True), (3, False)]


def test_a_job_from_outside_recreates_what_the_organization_has(database, organization, other_organization):
    [mine], [theirs] = trade.invoices(organization), trade.invoices(other_organization)

    def ask(source: Source, **more: Any) -> int:
        with transaction() as session:
            return submit(session, organization.id, KIND, {"documents": [source._asdict() | more]}).job_id

    job_id = ask(mine, version=1)
    trade.enter(sources.Owed(job_id, []))
    assert [row[:2] for row in entries(mine)] == [(2, False)], "the version is the source's own"
    with pytest.raises(NotFound):
        ask(theirs)


def test_some_thousand_sources_are_synchronized_by_two_statements(database, organization):
    trade.invoices(organization, 2500)
    chain.ask("TRUNCATE outbox, jobs, job_attempts")
    chain.ask("DELETE FROM accounting_sources WHERE source_id %% 2 = 0")  # as if from before there was a journal
    done = synchronize(organization)
    assert done == (2500, 25, None)
    assert chain.value("SELECT count(*) FROM jobs WHERE priority = 1") == 25
    chain.keep_books()
    assert chain.value("SELECT count(*) FROM journal_entries WHERE deleted_at IS NULL") == 2500
    assert synchronize(organization) == (0, 0, None), "all of them are entered"
    check(database)


def synchronize(tenant: Tenant, types: Sequence[str] = sources.TYPES) -> sources.Synchronized:
    found: list[sources.Synchronized] = []

    def work() -> None:
        with transaction() as session:
            found.append(sources.synchronize(session, tenant.id, types))

    apart = {"after commit", "after count_waiting"}  # the latter once a second, whatever is asked
    statements = [name for name in points(work) if name.startswith("after") and name not in apart]
    assert len(statements) <= 2, statements
    return found[0]


def test_a_call_takes_so_many_and_says_that_more_remain(database, organization, monkeypatch):
    assert MAX_SOURCES_SYNCHRONIZED == 10_000
    monkeypatch.setattr(sources, "MAX_SOURCES_SYNCHRONIZED", 5)
    trade.invoices(organization, 7)
    chain.ask("TRUNCATE outbox, jobs, job_attempts")
    done = synchronize(organization)
    assert done[:2] == (5, 1)
    with transaction() as session:
        assert sources.synchronize(session, organization.id, sources.TYPES, done.last) == (2, 1, None)
    asked = chain.rows("SELECT d ->> 'id' FROM jobs, jsonb_array_elements(payload -> 'documents') AS d")
    assert len(asked) == len(set(asked)) == 7, "a source was asked for twice, or never"


def test_only_the_types_asked_for_and_only_what_is_final_is_synchronized(database, organization, other_organization):
    place, elsewhere = trade.place(organization), trade.place(organization)
    trade.sale(organization, place)
    trade.purchase(organization, place)
    trade.purchase(organization, place, status="draft")
    trade.transfer(organization, place, elsewhere)
    trade.invoices(other_organization)
    assert synchronize(organization, ["purchase"]).sources == 1
    assert synchronize(organization).sources == 3


def test_what_is_behind_stays_in_the_trial_balance_until_it_is_entered_anew(database, organization):
    place = trade.place(organization)
    source = trade.purchase(organization, place)
    entered(organization, source)
    trade.change(organization, source)
    before = balances(organization)
    assert synchronize(organization).sources == 1
    assert balances(organization) == before == {"1300": 30, "2000": -30}


def balances(tenant: Tenant) -> dict[str, Decimal]:
    with transaction() as session:
        rows, totals = journal.trial_balance(session, tenant.id)
    assert all(total["balance"] == 0 for total in totals)
    return {row.code: row.balance for row in rows}


def test_a_source_that_changes_while_it_is_recreated_waits_and_is_entered_again(database, organization):
    source = trade.purchase(organization, trade.place(organization))
    [first] = trade.change(organization, source)
    with ThreadPoolExecutor(1) as pool:
        with transaction() as holder:
            holder.execute(text("SELECT FROM accounting_sources FOR UPDATE")).all()
            change = pool.submit(trade.change, organization, source)
            wait_until(lambda: chain.value(WAITING), message="the change did not wait for the recreation")
        [second] = change.result()
    trade.enter(first, second)
    assert [outcome(one)["superseded"] for one in (first, second)] == [1, 0]
    assert [row[:2] for row in entries(source)] == [(2, False)]
    assert state(first.job_id) == state(second.job_id) == ("COMPLETED", 1)
