"""Whoever recreates entries and dies anywhere: each source ends with one live entry, and no sum ever moves."""

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from werkzeug.test import TestResponse

from api.jobs.direct_path import EXTENSION, DirectPath
from counterfoil.crashkit.fuse import killed_at, points
from db.queries import statement
from domain.accounting.sources import KIND, Owed, Source
from tests import chain, trade
from tests.caller import application
from tests.checker import check, watch
from tests.tenant import Tenant
from tests.waiting import wait_until, wait_until_answered

RECREATIONS = "/api/v1/accounting/recreations"
LIVE = """
    SELECT source_type, source_id FROM accounting_sources AS d
    LEFT JOIN journal_entries AS e USING (source_type, source_id, organization_id, version)
    GROUP BY 1, 2 HAVING count(*) FILTER (WHERE e.deleted_at IS NULL AND e.id IS NOT NULL) <> 1"""
POLLS = "SELECT count(*) FROM polls"


@pytest.fixture
def made(database: str, organization: Tenant) -> list[Source]:
    """A source of each type, and an invoice more; all of them are entered."""
    watch(database)
    sources = [*trade.invoices(organization, 2), *trade.goods(organization)]
    trade.change(organization, *sources)
    chain.keep_books()
    return sources


@contextmanager
def polled(tenant: Tenant) -> Iterator[None]:
    """Within its `with`, another process reads the trial balance again and again, and writes down what it saw."""
    chain.ask("CREATE TABLE polls (debit numeric, credit numeric)")
    sums = statement("trial_balance").replace("%(organization_id)s", str(tenant.id)).replace("%(last)s", "NULL")
    pid = os.fork()
    if pid == 0:
        try:
            while True:
                chain.ask(f"INSERT INTO polls SELECT sum(debit), sum(credit) FROM ({sums}) AS t")
        finally:
            os._exit(1)
    try:
        wait_until(lambda: chain.value(POLLS))
        yield
        seen = chain.value(POLLS)
        wait_until(lambda: chain.value(POLLS) > seen)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def owe(tenant: Tenant, sources: Sequence[Source]) -> list[Owed]:
    """Return jobs of one, of two and of two sources; the last two name one source twice."""
    first, second, third = sources[:1], sources[1:3], sources[2:]
    return [owed for group in (first, second, third) for owed in trade.change(tenant, *group)]


def restart() -> None:
    chain.time_passes()
    chain.sweeper()
    chain.keep_books()
    assert chain.value(chain.UNFINISHED) == 0


def test_a_worker_may_die_at_every_point_of_a_group_of_recreations(database, organization, made, record_property):
    with polled(organization):
        owed = owe(organization, made)
        names = points(lambda: trade.enter(*owed))
        assert {"after lock_sources", "after delete_entries", "after create_lines", "after complete"} <= set(names)
        for at, name in enumerate(names):
            owed = owe(organization, made)
            assert killed_at(at, lambda: trade.enter(*owed)), f"never came to {name}"  # noqa: B023  run at once
            restart()
            assert chain.rows(LIVE) == [], f"killed {name}"
    [(debit, credit)] = chain.rows("SELECT DISTINCT debit, credit FROM polls")
    assert debit == credit > 0, "a sum moved while entries were made anew"
    check(database)
    record_property("points", len(names))


def test_who_asked_for_a_recreation_may_be_cut_off_at_every_point(
    database, organization, made, monkeypatch, record_property
):
    def ask(key: str) -> TestResponse:
        # A forked process has no threads of its parent's.
        monkeypatch.setitem(application().extensions, EXTENSION, DirectPath(1))
        body = {"documents": [one._asdict() for one in made[:3]]}
        return chain.post(organization, RECREATIONS, body, key)

    names = points(lambda: ask("nowhere"))
    assert {"after delete_entries", "after enqueue", "before claim", "after complete"} <= set(names)
    for at, name in enumerate(names):
        assert killed_at(at, lambda: ask(f"{at}")), f"never came to {name}"  # noqa: B023  run at once
        assert wait_until_answered(lambda: ask(f"{at}")).status_code in (200, 202)  # noqa: B023  run at once
        restart()
        assert chain.rows(LIVE) == [], f"killed {name}"
    jobs = chain.value("SELECT count(*) FROM jobs WHERE kind = %s AND priority = 2", KIND)
    assert jobs == 3 * (1 + len(names)), "a key stood for two recreations"
    check(database)
    record_property("points", len(names))
