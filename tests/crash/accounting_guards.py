"""What protects the journal, how each guard is taken away, and the scenario that then goes red."""

from decimal import Decimal

from domain.accounting import impacts, recreation
from domain.accounting.impacts import Line
from domain.invoices import generation
from tests.crash.guards import Guard
from tests.crash.removals import Removal
from tests.scenarios import accounting


def round_each_by_itself(away: Removal) -> None:
    def rounded(lines: list[Line], unit: Decimal) -> list[Line]:
        return [line._replace(debit=line.debit.quantize(unit), credit=line.credit.quantize(unit)) for line in lines]

    away.function(impacts, "_rounded", rounded)


GUARDS = (
    Guard(
        "the job that a source's change owes the journal",
        lambda away: away.function(generation, "changed", lambda *_: []),
        accounting.an_older_version_is_superseded_without_work,
        "has not heard of",
    ),
    Guard(
        "the comparison of versions",
        lambda away: away.function(recreation, "_due", lambda _session, versions: set(versions)),
        accounting.an_older_version_is_superseded_without_work,
        "an old version was entered",
    ),
    Guard(
        "the look at what was entered already",
        lambda away: away.sql("lock_sources", "s.entered_version", "0 AS entered_version"),
        accounting.a_version_is_entered_once_however_many_jobs_ask_for_it,
        "one version was entered twice",
    ),
    Guard(
        "the lock of the sources",
        lambda away: away.sql("lock_sources", " FOR NO KEY UPDATE OF s"),
        accounting.two_recreations_of_one_source_never_run_at_once,
        "did not wait for the first",
    ),
    Guard(
        "the one order in which sources are locked",
        lambda away: away.sql("lock_sources", "ORDER BY s.source_type, s.source_id", "ORDER BY s.source_id DESC"),
        accounting.groups_that_share_sources_lock_them_in_one_order,
        "could not obtain lock",
    ),
    Guard(
        "the entry taken out before its successor comes",
        lambda away: away.sql("delete_entries", "AND deleted_at IS NULL", "AND deleted_at IS NOT NULL"),
        accounting.an_older_version_is_superseded_without_work,
        "still unfinished|was not entered",
    ),
    Guard(
        "the unique live entry of a source",
        lambda away: away.schema("DROP INDEX journal_entries_live_key"),
        accounting.the_database_refuses_a_second_live_entry,
        "two live entries",
    ),
    Guard(
        "the rounding of amounts to their currency's decimals",
        lambda away: away.function(impacts, "_rounded", lambda lines, _unit: lines),
        accounting.an_amount_is_booked_in_whole_units_of_its_currency,
        "booked in JPY: .*33.3333",
    ),
    Guard(
        "what rounding leaves over, in the last line",
        round_each_by_itself,
        accounting.an_amount_is_booked_in_whole_units_of_its_currency,
        "booked in JPY: \\(''",
    ),
    Guard(
        "the trigger that weighs an entry at commit",
        lambda away: away.schema("ALTER TABLE journal_entries DISABLE TRIGGER balanced"),
        accounting.the_database_refuses_an_entry_that_does_not_balance,
        "does not balance was committed",
    ),
    Guard(
        "the trigger that freezes entries",
        lambda away: away.schema("ALTER TABLE journal_entries DISABLE TRIGGER frozen"),
        accounting.an_entry_and_its_lines_never_change,
        "done: UPDATE journal_entries",
    ),
    Guard(
        "the trigger that freezes their lines",
        lambda away: away.schema("ALTER TABLE journal_lines DISABLE TRIGGER frozen"),
        accounting.an_entry_and_its_lines_never_change,
        "done: UPDATE journal_lines",
    ),
    Guard(
        "the trigger that keeps later lines out of an entry",
        lambda away: away.schema("ALTER TABLE journal_lines DISABLE TRIGGER complete"),
        accounting.an_entry_and_its_lines_never_change,
        "done: INSERT INTO journal_lines",
    ),
    *(
        Guard(
            f"the organization filter of {table} to recreate",
            lambda away, table=table: away.sql(
                "find_sources",
                f"FROM {table} AS s WHERE s.id = t.id AND organization_id = %(organization_id)s",
                f"FROM {table} AS s WHERE s.id = t.id",
            ),
            accounting.a_stranger_recreates_nothing,
            "another organization's source was recreated",
        )
        for table in ("sales", "purchases", "transfers")
    ),
    Guard(
        "the organization filter of the trial balance",
        lambda away: away.sql(
            "trial_balance", "e.organization_id = %(organization_id)s", "e.organization_id + %(organization_id)s > 0"
        ),
        accounting.another_organization_sees_no_entry,
        "sums of another organization",
    ),
)
