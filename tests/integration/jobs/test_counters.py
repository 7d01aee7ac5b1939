"""What no mood of the machine changes: statements, commits, broker commands and row versions of an invoice in bulk.

A figure that has become smaller is to be written down here, so that it stays so.
"""

from collections.abc import Iterator

import pytest
import redis

from db import engine
from tests import chain
from tests.checker import check
from tests.waiting import wait_until

INVOICES = 1000
# Row versions written for each invoice, from its intake until it stands in the journal.
VERSIONS = {
    "open_jobs": 2.02,  # enqueued, claimed
    "completed_jobs": 1.02,
    "outbox": 2.03,  # enqueued, published
    "invoices": 1.0,
    "invoice_items": 1.0,
    "accounting_sources": 2.0,  # changed, entered
    "journal_entries": 1.0,
    "journal_lines": 3.0,
    "wait_statistics": 0.01,  # one for each organization of a delivery
}
OTHER_VERSIONS = 0.04
STATEMENTS, COMMITS, BROKER_COMMANDS = 0.04, 0.01, 0.018
WRITTEN = """SELECT CASE WHEN relname ~ '^completed_jobs' THEN 'completed_jobs' ELSE relname END,
                    CAST(sum(n_tup_ins + n_tup_upd) AS bigint) FROM pg_stat_user_tables GROUP BY 1"""
VACUUMS = "SELECT count(*) FROM pg_stat_activity WHERE backend_type ~ '^autovacuum'"
CONNECTED = """SELECT count(*) FROM pg_stat_activity
               WHERE application_name = 'counterfoil' AND datname = current_database()"""
# Transactions that wrote something, the server's own as well: only these take an id.
WRITING = "SELECT CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint)"


@pytest.fixture
def without_autovacuum(database) -> Iterator[None]:
    """A server that changes nothing of its own accord."""
    chain.ask("ALTER SYSTEM SET autovacuum = off")
    chain.ask("SELECT pg_reload_conf()")
    wait_until(lambda: chain.value(VACUUMS) == 0)
    yield
    chain.ask("ALTER SYSTEM RESET autovacuum")
    chain.ask("SELECT pg_reload_conf()")


def test_an_invoice_in_bulk_costs_no_more_than_it_did(
    database, without_autovacuum, broker, organization, lanes, statements, jobs_take, record_property
):
    # How many jobs travel together is not what is asked.
    jobs_take(0.0001)
    requests = [organization.request(f"Client {n % 20}") for n in range(INVOICES)]
    chain.submit_group(organization, requests[:1])
    work_off()
    with redis.Redis.from_url(broker) as connection:
        before = (rows(), chain.value(WRITING), connection.info()["total_commands_processed"])
        statements.clear()
        chain.submit_group(organization, requests)
        work_off()
        sent = [query for query in statements if query != chain.UNFINISHED]
        after = (rows(), chain.value(WRITING), connection.info()["total_commands_processed"])
    check(database)
    written = {table: (after[0][table] - before[0][table]) / INVOICES for table in after[0]}
    figures = {
        "statements": (len(sent) / INVOICES, STATEMENTS),
        "commits": ((after[1] - before[1]) / INVOICES, COMMITS),
        "broker commands": ((after[2] - before[2]) / INVOICES, BROKER_COMMANDS),
        **{f"versions of {table}": (written.pop(table), most) for table, most in VERSIONS.items()},
        "other versions": (sum(written.values()), OTHER_VERSIONS),
    }
    for name, (measured, _) in figures.items():
        record_property(name, measured)
    worse = {name: f"{measured:.3f} > {most}" for name, (measured, most) in figures.items() if measured > most}
    assert not worse, f"for each of {INVOICES} invoices: {worse}"


def work_off() -> None:
    while chain.value(chain.UNFINISHED):
        chain.relay()
        chain.work()


def rows() -> dict[str, int]:
    """Return how many row versions were written to each table; a connection tells of its own when it ends."""
    engine.engine().dispose()
    wait_until(lambda: chain.value(CONNECTED) == 0, message="a connection is still open")
    return dict(chain.rows(WRITTEN))
