"""Lists and audits come from a standby where their caller allows an age, and are never older."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

import settings
from db import acting, staleness
from db.engine import standby_engine
from db.transaction import _standby, report
from domain.jobs.upkeep.clock import follow_clock
from tests import bodies
from tests.caller import Caller
from tests.conftest import configure
from tests.faults.database.standby import Standby
from tests.faults.load import fetch
from tests.waiting import wait_until

INVOICES = "/api/v1/invoices"
MAY_BE_OLD = "max-stale=30"
SERVER = "SELECT pg_is_in_recovery(), count(*), min(organization_id), max(organization_id) FROM suppliers"


@pytest.fixture
def standby(settings_return, database, postgres) -> Iterator[Standby]:
    """A standby that has all there is, and of which reports may come."""
    _standby.avoided_until = 0.0
    with tempfile.TemporaryDirectory(prefix="cf-standby-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with Standby(Path(folder), postgres) as server:
            configure(read_database_url=server.at(settings.current().database_url), read_max_age=30)
            follow_clock()
            wait_until(server.has_caught_up)
            yield server
            if engine := standby_engine():
                engine.dispose()


def listed(caller: Caller, control: str = "") -> tuple[int, bool]:
    """Return how many invoices a list shows, and whether it says that it may be old."""
    answer = caller.get(INVOICES, headers={"Cache-Control": control} if control else {})
    assert answer.status_code == 200, answer.json
    return len(answer.json), "Age" in answer.headers


def test_a_list_comes_from_the_standby_only_for_a_caller_who_allows_an_age(standby, organization):
    wait_until(standby.has_caught_up)
    standby._ask("SELECT pg_wal_replay_pause()")
    caller = Caller(organization.key)
    body = bodies.invoice(organization.supplier_id)
    made = caller.post(f"{INVOICES}/generate", body, headers={"Cache-Control": MAY_BE_OLD})
    assert (made.status_code, "Age" in made.headers) == (200, False)
    assert listed(caller) == (1, False), "a caller does not see its own writes"
    assert listed(caller, MAY_BE_OLD) == (0, True)
    standby._ask("SELECT pg_wal_replay_resume()")
    wait_until(lambda: listed(caller, MAY_BE_OLD) == (1, True))


def test_a_standby_that_is_older_than_the_caller_or_the_operator_allows_is_not_asked(standby, organization):
    wait_until(standby.has_caught_up)
    standby._ask("SELECT pg_wal_replay_pause()")
    caller = Caller(organization.key)
    wait_until(lambda: listed(caller, "max-stale=1") == (0, False))
    assert listed(caller, MAY_BE_OLD) == (0, True)
    configure(read_max_age=1)
    for asked in ("max-stale=30", "max-stale"):
        assert listed(caller, asked) == (0, False)


def test_a_standby_whose_clock_is_behind_is_not_asked(standby, organization):
    fetch("UPDATE relay_state SET clock_seen = clock_timestamp() + interval '1 hour'")
    wait_until(standby.has_caught_up)
    assert listed(Caller(organization.key), MAY_BE_OLD) == (0, False)


def test_without_its_standby_the_primary_answers(standby, organization):
    wait_until(standby.has_caught_up)
    caller = Caller(organization.key)
    assert listed(caller, MAY_BE_OLD) == (0, True)
    standby.stop()
    assert listed(caller, MAY_BE_OLD) == (0, False)


def test_row_level_security_confines_reports_on_the_standby_as_well(standby, organization, other_organization):
    wait_until(standby.has_caught_up)
    for confined, rows in ((organization.id, 1), (other_organization.id, 1), (None, 2)):
        staleness.allow(30)
        with acting.confined(confined), report() as session:
            on_standby, count, first, last = session.execute(text(SERVER)).one()
        staleness.allow(None)
        assert (on_standby, count) == (True, rows)
        assert confined in (None, first)
        assert confined in (None, last)
