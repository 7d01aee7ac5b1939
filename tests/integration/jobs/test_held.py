"""While somebody holds a transaction open, what was deleted stays where it was: nobody passes over it, or not often."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from db import jobs as job_rows
from db import outbox
from db.engine import connect_arguments, url
from db.outbox import Cursor, Stream
from db.queries import statement
from db.transaction import statement as one_statement
from domain.jobs.dispatch import backlog as backlogs
from domain.jobs.dispatch import pacing
from domain.jobs.dispatch.backlog import Backlog
from domain.jobs.dispatch.pacing import PacedScan
from domain.jobs.lanes import LANES
from domain.jobs.upkeep.cleanup import clean
from domain.jobs.upkeep.sweep import keep_up
from tests import chain
from tests.tenant import Tenant, new_tenant

GONE = 20_000
# Of the pages for one entry most are those of finding room for its next version.
FEW, MANY = 25, 200  # pages
ENTRIES = """
    WITH job AS (
        INSERT INTO open_jobs (organization_id, kind, lane, max_attempts, payload)
        SELECT %s, 'probe', 'default', 3, '{}' FROM generate_series(1, %s) AS n RETURNING id, organization_id)
    INSERT INTO outbox (job_id, organization_id, kind, lane, priority, group_key, due_at)
    SELECT id, organization_id, 'probe', 'default', 1, '', clock_timestamp() - %s * interval '1 second' FROM job"""


def owe(organization_id: int, count: int = 1, seconds_ago: float = 0) -> None:
    chain.ask(ENTRIES, organization_id, count, seconds_ago)


@pytest.fixture
def held(database: str) -> Iterator[None]:
    """A snapshot of now, held open."""
    with psycopg.connect(database) as holder:
        holder.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        holder.execute("SELECT count(*) FROM outbox")
        yield


def pages(name: str, **parameters: Any) -> int:
    """Return how many pages a statement touches."""
    explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement(name)}"
    with psycopg.connect(url(), options=connect_arguments()["options"]) as connection:
        [[[plan]]] = connection.execute(explain, parameters).fetchall()
    return plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]


def seen(backlog: Backlog) -> list[int]:
    with one_statement() as session:
        return sorted(one.stream.organization_id for one in backlog.waiting(session, LANES))


@pytest.fixture
def slow(monkeypatch) -> Backlog:
    """A backlog whose full scans are slow, and come again when they are due."""
    monkeypatch.setattr(backlogs, "SECONDS_PER_STREAM", 0)
    monkeypatch.setattr(pacing, "CHEAP_SECONDS", 0)
    monkeypatch.setattr(pacing, "PAUSE_FACTOR", 10**6)
    return Backlog()


def test_a_poll_passes_over_nothing_that_was_deleted_however_much_it_is(database, organization, held):
    owe(organization.id)
    backlog = Backlog()
    assert seen(backlog) == [organization.id]
    before = pages("waiting_streams", **outbox.cursor_parameters(LANES))
    owe(organization.id, GONE, seconds_ago=100)
    chain.ask("UPDATE outbox SET published_at = due_at WHERE due_at < clock_timestamp() - interval '50 seconds'")
    chain.ask("DELETE FROM outbox WHERE published_at IS NOT NULL")
    [first] = cursors()
    known = outbox.cursor_parameters(LANES, [first], backlog._published_since)
    assert pages("waiting_streams", **known) <= before + FEW
    assert pages("waiting_streams", **outbox.cursor_parameters(LANES)) > before + MANY, "nothing was there to pass over"
    assert pages("lease_entries", **outbox.columns([first]), mosts=[10], redelivery=8) <= FEW


def cursors() -> list[Cursor]:
    """Return where each entry is."""
    rows = chain.rows("SELECT due_at, lane, priority, organization_id, kind FROM outbox")
    return [Cursor(Stream(*stream), due_at) for due_at, *stream in rows]


def publish(job_ids: list[int], seconds: int, seconds_ago: int = 0) -> None:
    """Publish entries; they are due again in so many seconds."""
    published = "published_at = clock_timestamp() - %s * interval '1 second'"
    due = "due_at = clock_timestamp() + %s * interval '1 second'"
    chain.ask(f"UPDATE outbox SET {published}, {due} WHERE job_id = ANY(%s)", seconds_ago, seconds, job_ids)


def in_flight(backlog: Backlog) -> int:
    with one_statement() as session:
        [one] = backlog.waiting(session, LANES)
    return one.in_flight


def test_what_is_in_flight_is_counted_without_what_was_claimed_since(slow, database, organization, held):
    owe(organization.id, GONE + 3)
    ids = [job_id for (job_id,) in chain.rows("SELECT job_id FROM outbox ORDER BY job_id")]
    publish(ids[: GONE + 1], seconds=20, seconds_ago=60)
    publish(ids[GONE + 1 : GONE + 2], seconds=30)
    chain.ask("DELETE FROM outbox WHERE job_id = ANY(%s)", ids[:GONE])
    assert [in_flight(slow), in_flight(slow)] == [2, 2]
    chain.ask("DELETE FROM outbox WHERE job_id = %s", ids[GONE])
    assert [in_flight(slow), in_flight(slow)] == [1, 1]
    known = pages("waiting_streams", **outbox.cursor_parameters(LANES, published_since=slow._published_since))
    assert known + MANY < pages("waiting_streams", **outbox.cursor_parameters(LANES)), "nothing was there to pass over"


def test_what_another_relay_leases_at_the_same_time_counts_as_in_flight(slow, database, organization):
    owe(organization.id, 3)
    first, second, _ = [job_id for (job_id,) in chain.rows("SELECT job_id FROM outbox ORDER BY job_id")]
    publish([first], seconds=20)
    assert [in_flight(slow), in_flight(slow)] == [1, 1]
    earlier = "(SELECT max(published_at) FROM outbox) - interval '50 ms'"
    chain.ask(f"UPDATE outbox SET published_at = {earlier}, due_at = due_at + interval '9 s' WHERE job_id = %s", second)
    assert in_flight(slow) == 2


def test_what_a_relay_with_a_shorter_redelivery_interval_leases_counts_as_in_flight(slow, database, organization):
    owe(organization.id, 3)
    first, second, _ = [job_id for (job_id,) in chain.rows("SELECT job_id FROM outbox ORDER BY job_id")]
    publish([first], seconds=3600)
    assert [in_flight(slow), in_flight(slow)] == [1, 1]
    publish([second], seconds=20)
    assert in_flight(slow) == 2


def test_what_is_published_after_the_clock_was_put_back_counts_as_in_flight(slow, database, organization):
    owe(organization.id, 3)
    before, after, _ = [job_id for (job_id,) in chain.rows("SELECT job_id FROM outbox ORDER BY job_id")]
    publish([before], seconds=3620)
    chain.ask("UPDATE outbox SET published_at = published_at + interval '1 hour' WHERE job_id = %s", before)
    assert in_flight(slow) == 1
    publish([after], seconds=20)
    assert in_flight(slow) == 2


def test_why_a_job_waits_is_told_without_what_was_deleted(database, organization, held):
    owe(organization.id)
    job_id = chain.value("SELECT id FROM open_jobs")
    [first] = cursors()
    before = pages("explain_job", id=job_id, max_own=1, **outbox.columns([first]))
    owe(organization.id, GONE, seconds_ago=100)
    chain.ask("DELETE FROM outbox WHERE job_id <> %s", job_id)
    assert pages("explain_job", id=job_id, max_own=1, **outbox.columns([first])) <= before + FEW
    long_ago = first._replace(since=outbox.BEGINNING)
    assert pages("explain_job", id=job_id, max_own=1, **outbox.columns([long_ago])) > before + MANY, "nothing was there"


def test_a_counter_is_locked_and_moved_without_its_older_versions(database, organization, held):
    wanted = {"supplier_ids": [organization.supplier_id], "codes": ["invoice"]}
    before = pages("lock_counters", **wanted)
    for _ in range(10 * MANY):
        chain.ask("UPDATE number_series SET last_number = last_number + 1")
    chain.ask("ANALYZE number_series")
    assert pages("lock_counters", **wanted) <= before + FEW
    with psycopg.connect(url(), options=connect_arguments()["options"]) as connection:
        plan = connection.execute(f"EXPLAIN {statement('issue_invoices')}", {"invoices": "[]"}).fetchall()
    ways = [line.strip(" ->") for (line,) in plan if re.search("Scan.* number_series", line)]
    assert [way.split(" on ")[0] for way in ways] == [
        "Index Scan Backward using number_series_newest_idx",
        "Tid Scan",
    ]


@pytest.mark.parametrize("listening", [False, True])
def test_a_sweep_passes_over_the_leases_that_have_run_out_once(database, organization, held, listening):
    chain.ask("UPDATE relay_state SET listening = %s, swept_to = clock_timestamp() - interval '2 minutes'", listening)
    owe(organization.id, GONE)
    claimed = "lease_token = gen_random_uuid(), lease_expires_at = clock_timestamp()"
    chain.ask(f"UPDATE open_jobs SET status = 'PROCESSING', started_at = clock_timestamp(), {claimed}")
    chain.ask("DELETE FROM open_jobs")
    assert pages("find_expired", limit=100, whole=False) > MANY, "nothing was there to pass over"
    assert pages("find_expired", limit=100, whole=False) <= FEW


def leased(organization: Tenant, count: int = 1, seconds: int = 0) -> list[int]:
    """Return the ids of jobs whose lease runs out in so many seconds."""
    owe(organization.id, count)
    ids = [row[0] for row in chain.rows("SELECT id FROM open_jobs WHERE status = 'PENDING' ORDER BY id")][-count:]
    with one_statement() as session:
        job_rows.claim(session, "probe", ids, uuid4(), lease=seconds)
    return ids


def swept(limit: int = 1000) -> list[int]:
    """Sweep; return which jobs were, this time or before."""
    with one_statement() as session:
        job_rows.sweep(session, limit)
    return [job_id for (job_id,) in chain.rows("SELECT id FROM open_jobs WHERE status = 'PENDING' ORDER BY id")]


def test_what_is_too_much_for_one_sweep_is_left_to_the_next(database, organization):
    first = leased(organization)
    assert swept() == first
    ids = first + leased(organization, 3)
    assert [swept(limit=2), swept(limit=2)] == [ids[:3], ids]


def test_what_is_locked_as_its_lease_runs_out_is_left_to_the_next_sweep(database, organization):
    ids = leased(organization, 2)
    with psycopg.connect(url()) as holder:
        holder.execute("SELECT FROM open_jobs WHERE id = %s FOR UPDATE", [ids[0]])
        assert [swept(), swept()] == [ids[1:], ids[1:]]
    assert swept() == ids


def test_what_ran_out_before_the_last_sweep_is_swept_by_the_cleanup(database, organization):
    assert swept() == []
    ids = leased(organization, seconds=-3600)
    assert swept() == []
    clean(0.0)
    assert swept() == ids


@pytest.mark.parametrize("listening", [False, True])
def test_after_the_clock_was_put_back_leases_are_swept_by_its_new_time(database, organization, listening):
    ahead = "clock_timestamp() + interval '1 hour'"
    chain.ask(f"UPDATE relay_state SET swept_to = {ahead}, listening = %s", listening)
    assert swept() == []
    ids = leased(organization)
    assert swept() == ids


def test_a_sweep_at_rest_writes_nothing(database):
    chain.ask("UPDATE relay_state SET listening = true")
    versions = []
    for _ in range(3):
        swept()
        versions.append(chain.value("SELECT xmin FROM relay_state"))
    assert versions[1:] == versions[:1] * 2


def test_while_mending_is_slow_it_is_done_less_often(slow, database, organization, monkeypatch):
    def mended() -> int:
        chain.ask("DELETE FROM outbox")
        keep_up()
        return chain.value("SELECT count(*) FROM outbox")

    mends = PacedScan()
    monkeypatch.setattr("domain.jobs.upkeep.sweep._mends", mends)
    owe(organization.id)
    assert [mended(), mended()] == [1, 0]
    mends.took(0)
    assert mended() == 1


def test_a_full_scan_that_fails_forgets_nothing_and_is_not_repeated_at_once(slow, database, organization):
    owe(organization.id)
    assert seen(slow) == [organization.id]
    known = dict(slow._cursors)
    slow._full_scan.took(0)
    with psycopg.connect(url()) as holder:
        holder.execute("LOCK TABLE outbox")
        with pytest.raises(DBAPIError):
            seen(slow)
    assert slow._cursors == known
    assert not slow._full_scan.due


def test_a_stream_where_nothing_is_due_stays_known(slow, database, organization):
    owe(organization.id)
    assert seen(slow) == [organization.id]
    chain.ask("UPDATE outbox SET due_at = clock_timestamp() + interval '1 hour'")
    slow._full_scan.took(0)
    assert seen(slow) == []
    assert len(slow._cursors) == 1


def test_a_new_stream_is_seen_at_once_before_between_and_after_the_known(slow, database, organization):
    others = [new_tenant(name).id for name in ("Second", "Third", "Fourth", "Fifth")]
    for known in (organization.id, others[1], others[2]):
        owe(known)
    assert seen(slow) == [organization.id, others[1], others[2]]
    chain.ask("DELETE FROM outbox WHERE organization_id IN (%s, %s)", others[1], organization.id)
    owe(others[0])
    owe(others[3])
    assert seen(slow) == [others[0], others[2], others[3]]
    owe(others[1])
    assert seen(slow) == others


def test_what_was_committed_late_is_seen_by_the_next_full_scan(slow, database, organization):
    owe(organization.id)
    assert seen(slow) == [organization.id]
    chain.ask("DELETE FROM outbox")
    owe(organization.id, seconds_ago=0.9)
    assert seen(slow) == [organization.id], "so late are many"
    chain.ask("DELETE FROM outbox")
    owe(organization.id, seconds_ago=60)
    assert seen(slow) == []
    slow._full_scan.took(0)
    assert seen(slow) == [organization.id]


def test_while_full_scans_are_cheap_each_poll_is_one(database, organization):
    backlog = Backlog()
    owe(organization.id)
    assert seen(backlog) == [organization.id]
    chain.ask("DELETE FROM outbox")
    owe(organization.id, seconds_ago=60)
    assert seen(backlog) == [organization.id]
    assert not backlog._cursors
