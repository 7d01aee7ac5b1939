"""Another server becomes the primary, or the database takes no writes for a while: the parts go on by themselves."""

import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from db import engine as db_engine
from db.engine import owner_url
from local.postgres import EmbeddedPostgres
from tests import bodies
from tests.caller import Caller
from tests.conftest import configure
from tests.faults.database.standby import Standby
from tests.faults.load import Intake, drain, fetch, verify_at_least
from tests.waiting import wait_until, wait_until_answered

AWAY, BACK = "database away", "database back"
HEALTH, INVOICES = "/api/v1/health", "/api/v1/invoices"
REQUESTS = "SELECT id FROM jobs WHERE kind = 'invoice.generate'"


@pytest.fixture
def standby(chain, postgres) -> Iterator[Standby]:
    """A standby of the test's server; everybody has the address of both."""
    part, owner = chain.database_url, owner_url()
    with tempfile.TemporaryDirectory(prefix="cf-standby-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with Standby(Path(folder), postgres) as server:
            chain.database_url = server.both(part)
            db_engine.engine().dispose()
            configure(database_url=server.both(part), database_owner_url=server.both(owner))
            yield server
            db_engine.engine().dispose()
            if postgres.poll() is not None:
                postgres.start()
            configure(database_url=part, database_owner_url=owner)
            take_writes(True)


@pytest.fixture
def switch(chain) -> Iterator[Callable[[bool], None]]:
    """Have the server take writes or not; it takes them again when the test has ended, whatever happens."""
    yield take_writes
    take_writes(True)


def fail_over(postgres: EmbeddedPostgres, standby: Standby) -> None:
    """Kill the primary and promote its standby."""
    postgres.kill(signal.SIGQUIT)
    wait_until(lambda: postgres.poll() is not None)
    standby.promote()


def take_writes(on: bool) -> None:
    """Switch the server to read only, as a full disk or a demotion does, or back."""
    fetch("SET default_transaction_read_only = off")
    fetch(f"ALTER SYSTEM SET default_transaction_read_only = {'off' if on else 'on'}")
    fetch("SELECT pg_reload_conf()")


def test_after_a_failover_under_load_all_goes_on_and_only_the_tail_is_lost(
    database, chain, postgres, standby, organization
):
    relay, worker, beat = chain.start("relay", "worker", "beat")
    with Intake([organization]) as intake:
        wait_until(lambda: len(intake.accepted) > 600, 30)
        fail_over(postgres, standby)
        before = len(intake.accepted)
        wait_until(lambda: relay.said(BACK) == 1, 20, "the relay does not find the new primary")
        wait_until(lambda: len(intake.accepted) > before + 300, 30, "nothing is accepted after the failover")
    drain(40)
    kept = {job_id for (job_id,) in fetch(REQUESTS)}
    lost = [place for place, one in enumerate(intake.accepted) if one.request_id not in kept]
    assert lost == list(range(before - len(lost), before)), "what was lost is not the end of what was accepted"
    configure(database_owner_url=standby.at(database))
    verify_at_least([one for one in intake.accepted if one.request_id in kept])
    assert relay.said(AWAY) == relay.said(BACK) == 1
    assert [part.poll() for part in (relay, worker, beat)] == [None] * 3


def test_an_invoice_that_was_lost_with_the_old_primary_is_told_by_its_hash(postgres, standby, organization):
    caller = Caller(organization.key)
    handed_out = [issue(caller, organization.supplier_id) for _ in range(3)]
    wait_until(standby.has_caught_up)
    standby.stop_following()
    handed_out += [issue(caller, organization.supplier_id) for _ in range(2)]
    fail_over(postgres, standby)
    assert verdicts(caller, organization.supplier_id, handed_out) == ["matches"] * 3 + ["missing"] * 2
    again = issue(caller, organization.supplier_id, notes="to somebody else")
    assert again["number"] == handed_out[3]["number"], "the lost number is not the next one"
    assert verdicts(caller, organization.supplier_id, [*handed_out, again]) == [
        *("matches", "matches", "matches", "differs", "missing", "matches")
    ]


def issue(caller: Caller, supplier_id: int, **changes: object) -> dict[str, str]:
    """Issue an invoice; return its number and hash as the API has told them."""
    number = caller.post(f"{INVOICES}/generate", bodies.invoice(supplier_id, **changes)).json["invoiceNumber"]
    return {"number": number, "hash": caller.get(f"{INVOICES}/{number}").json["hash"]}


def verdicts(caller: Caller, supplier_id: int, handed_out: list[dict[str, str]]) -> list[str]:
    path = f"/api/v1/suppliers/{supplier_id}/numbering/verify"
    answers = [wait_until_answered(lambda one=one: caller.post(path, one)) for one in handed_out]
    return [answer.json["verdict"] for answer in answers]


def test_a_database_that_takes_no_writes_is_waited_for_and_costs_no_attempt(chain, switch, organization):
    relay, worker, beat = chain.start("relay", "worker", "beat")
    caller = Caller(organization.key)
    with Intake([organization]) as intake:
        wait_until(lambda: len(intake.accepted) > 300, 20)
        switch(False)
        wait_until(lambda: relay.said(AWAY) == 1, 10, "the relay has not noticed")
        for answer in (
            caller.post(f"{INVOICES}/generate", bodies.invoice(organization.supplier_id)),
            caller.get(HEALTH),
        ):
            assert (answer.status_code, answer.headers["Retry-After"] > "0") == (503, True)
            assert "the database is read-only" in answer.json["detail"]
        switch(True)
        wait_until(lambda: relay.said(BACK) == 1, 10, "the relay does not go on")
        before = len(intake.accepted)
        wait_until(lambda: len(intake.accepted) > before + 100, 20, "nothing is accepted any more")
    drain(30)
    verify_at_least(intake.accepted)
    assert relay.said(AWAY) == relay.said(BACK) == 1
    assert fetch("SELECT DISTINCT attempts FROM jobs") == [(1,)]
    assert [part.poll() for part in (relay, worker, beat)] == [None] * 3


def test_a_connection_to_a_server_that_was_demoted_is_not_used_again(database, standby, organization):
    """A proxy or an address that moves leaves the connections to the old server open."""
    caller = Caller(organization.key)
    assert caller.get(HEALTH).status_code == 200
    wait_until(standby.has_caught_up)
    take_writes(False)
    wait_until(lambda: caller.get(HEALTH).status_code == 503)
    standby.promote()
    wait_until(lambda: caller.get(HEALTH).status_code == 200, 10, "the pool leads to the old primary")
    issue(caller, organization.supplier_id)
    with psycopg.connect(standby.at(database)) as promoted:
        assert promoted.execute("SELECT count(*) FROM invoices").fetchone() == (1,)
