"""Completed jobs leave the hot table for a partition of their week, and go with it."""

import logging
from datetime import date, timedelta

import psycopg
import pytest

from db import jobs as job_rows
from db import outbox, retention
from db.engine import url
from db.jobs import NewJob
from db.transaction import transaction
from domain.jobs import catalogue
from domain.jobs.execution import run_jobs
from domain.jobs.registry import find
from tasks.app import cleanup
from tests import chain
from tests.checker import check
from tests.tenant import Tenant

TODAY = "SELECT CAST(date_trunc('week', clock_timestamp()) AS date)"
WEEKS = "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r' AND relname ~ '_jobs_\\d' ORDER BY 1"
ATTEMPT = "INSERT INTO job_attempts (job_id, attempt, outcome, error, started_at) VALUES (%s, 1, 'retried', '', now())"
ORPHAN = """INSERT INTO outbox (job_id, organization_id, kind, lane, priority, group_key)
            VALUES (%s, %s, '', 'io', 1, '')"""
PLACE = "SELECT CAST(tableoid AS regclass)::text FROM jobs WHERE id = %s"


def names(first: date, count: int) -> list[str]:
    return [f"completed_jobs_{first + n * timedelta(7):%Y_%m_%d}" for n in range(count)]


def weeks() -> list[str]:
    return [name for (name,) in chain.rows(WEEKS)]


def issue(organization: Tenant, count: int = 1) -> list[int]:
    """Return requests that were completed, each at its second attempt."""
    ids = chain.submit_group(organization, [organization.request("Client")] * count)
    for job_id in ids:
        chain.ask(ATTEMPT, job_id)
    run_jobs(find("invoice.generate"), ids)
    return ids


@pytest.fixture
def monday(database) -> date:
    cleanup()
    return chain.value(TODAY)


def test_a_completed_job_moves_to_its_week_and_is_found_as_before(organization, monday, database):
    assert weeks() == names(monday, 3)
    [done] = issue(organization)
    [waiting] = chain.submit_group(organization, [organization.request("Client")])
    assert chain.value(PLACE, done) == names(monday, 1)[0]
    assert chain.value(PLACE, waiting) == "open_jobs"
    with transaction() as session:
        page = catalogue.page(session, organization.id, {"kind": "invoice.generate"}, None, 9)
        assert [job.id for job in page] == [waiting, done]
        assert catalogue.get(session, organization.id, done).status == "COMPLETED"
    check(database, drained=False)


def test_a_week_past_its_retention_goes_at_once_with_its_attempts_and_nothing_younger(organization, monday):
    for weeks_ago in (14, 12):
        week = monday - timedelta(7 * weeks_ago)
        chain.ask(
            f"CREATE TABLE {names(week, 1)[0]} PARTITION OF completed_jobs"
            f" FOR VALUES FROM ('{week}') TO ('{week + timedelta(7)}')"
        )
    old, younger = issue(organization, 2)
    for job_id, weeks_ago in ((old, 14), (younger, 12)):
        chain.ask(f"UPDATE jobs SET completed_at = %s WHERE id = {job_id}", monday - timedelta(7 * weeks_ago))
    cleanup()
    assert chain.rows("SELECT id FROM jobs WHERE kind = 'invoice.generate'") == [(younger,)]
    assert chain.rows("SELECT job_id FROM job_attempts") == [(younger,)]
    assert weeks() == [*names(monday - timedelta(84), 1), *names(monday, 3)]


def test_a_week_without_a_partition_is_kept_with_the_rest_until_it_is_past(organization, monday, database):
    for name in names(monday, 3):
        chain.ask(f"DROP TABLE {name}")
    [done] = issue(organization)
    cleanup()
    assert chain.value(PLACE, done) == "completed_jobs_rest"
    assert weeks() == names(monday + timedelta(7), 2)
    check(database, drained=False)
    chain.ask("UPDATE jobs SET completed_at = completed_at - interval '91 days'")
    cleanup()
    assert chain.value("SELECT count(*) FROM job_attempts") == 0
    assert chain.value("SELECT count(*) FROM completed_jobs_rest") == 0
    assert weeks() == names(monday, 3)


def test_a_cleanup_waits_for_nobody_who_reads_the_history(organization, monday, caplog):
    caplog.set_level(logging.INFO)
    chain.ask(f"DROP TABLE {names(monday, 3)[2]}")
    [done] = issue(organization)
    with psycopg.connect(url()) as reader:
        reader.execute("SELECT count(*) FROM jobs")
        cleanup()
        assert "cleanup: OperationalError" in caplog.text
        assert chain.value(PLACE, done), "nobody else got at the history meanwhile"
    cleanup()
    assert weeks() == names(monday, 3)


def test_two_cleanups_at_once_make_each_week_once(database, organization):
    with transaction() as session:
        retention.make_weeks(session)
        cleanup()
    assert len(weeks()) == 3


def test_entries_are_mended_some_jobs_at_a_time_and_then_from_the_first_again(database, organization):
    with transaction() as session:
        ids = job_rows.enqueue(session, "probe", "default", 1, 3, [NewJob(organization.id, {})] * 5)
    missing = "DELETE FROM outbox WHERE job_id = ANY(%s)"
    chain.ask(missing, [ids[1], ids[4]])
    chain.ask(ORPHAN, ids[4] + 100, organization.id)

    def mend() -> int:
        with transaction() as session:
            return outbox.mend(session, limit=2)

    assert [mend() for _ in range(3)] == [1, 0, 2]
    check(database, drained=False)
    chain.ask(missing, [ids[0]])
    assert mend() == 1
    check(database, drained=False)
