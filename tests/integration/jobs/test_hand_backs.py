"""A job that loses its connection to the database each time is handed back ever more slowly, and then at fault."""

import uuid

import pytest
from sqlalchemy import text

from db import jobs as job_rows
from db.jobs import Failure
from db.transaction import transaction
from domain.jobs.execution import MAX_HAND_BACKS, run_jobs
from domain.jobs.lifecycle import Status
from domain.jobs.registry import Kind
from tests import chain
from tests.checker import check
from tests.integration.jobs.test_moves import TRANSIENT, apply, owe
from tests.scenarios import jobs

CUTS = {
    "backend terminated": (TRANSIENT["backend terminated"], "the connection to the database was lost each time"),
    "transaction timeout": (
        "SET LOCAL transaction_timeout = '20ms'; SELECT pg_sleep(5)",
        "the database ended this job's transaction at its transaction_timeout",
    ),
}


@pytest.mark.parametrize("cut", CUTS)
def test_a_job_that_loses_its_connection_each_time_is_spaced_and_ends_failed(database, organization, cut):
    def handler(context, claimed):
        for part in statement.split(";"):
            context.session.execute(text(part))

    statement, reason = CUTS[cut]
    kind, job_id = Kind("probe", handler), owe(organization.id)
    for hand_backs in range(MAX_HAND_BACKS):
        run_jobs(kind, [job_id])
        assert jobs.state(job_id) == (Status.PENDING, 0)
        waits = chain.value("SELECT extract(epoch FROM available_at - clock_timestamp()) FROM jobs")
        assert 0.5 * 2**hand_backs - 0.4 <= waits <= 2**hand_backs
        chain.time_passes()
    for attempt in (1, 2, 3):
        run_jobs(kind, [job_id])
        assert jobs.state(job_id) == (Status.FAILED if attempt == 3 else Status.PENDING, attempt)
        chain.time_passes()
    assert chain.value("SELECT error FROM jobs").startswith(reason)
    check(database)


def test_a_job_that_comes_on_or_is_requeued_has_all_its_hand_backs_again(database, organization):
    job_id, token = owe(organization.id), uuid.uuid4()
    with transaction() as session:
        job_rows.claim(session, "probe", [job_id], token, lease=60)
    chain.ask("UPDATE jobs SET hand_backs = 5")
    for done, kept in ((0, 5), (1, 0)):
        with transaction() as session:
            assert job_rows.checkpoint(session, token, job_id, done, None, 60).hand_backs == kept
    chain.ask("UPDATE jobs SET hand_backs = 5")
    with transaction() as session:
        job_rows.set_aside(session, token, [Failure(job_id, "broken", None)])
    apply("requeue", organization.id, job_id, token)
    assert chain.value("SELECT hand_backs FROM jobs") == 0
