"""A job that always meets a limit of the server ends FAILED; a group of jobs that meets it is divided."""

from typing import Any

import pytest
from sqlalchemy import text

from domain.jobs.execution import run_jobs
from domain.jobs.lifecycle import Status
from domain.jobs.registry import Kind
from domain.jobs.work import Context
from tests import chain
from tests.checker import check
from tests.integration.jobs.test_moves import owe
from tests.scenarios import jobs
from tests.waiting import wait_until

LIMITS = {
    "statement_timeout": ("SELECT pg_sleep(1)", "the database cancelled a statement of this job"),
    "idle_in_transaction_session_timeout": (None, "the job kept its transaction idle"),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_a_lone_job_that_always_meets_a_limit_of_the_server_ends_failed_and_says_which(database, organization, limit):
    query, says = LIMITS[limit]

    def handler(context: Context, claimed: Any) -> Any:
        context.session.execute(text(f"SET LOCAL {limit} = 20"))
        if not query:
            pid = context.session.scalar(text("SELECT pg_backend_pid()"))
            wait_until(lambda: not chain.value("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", pid))
        context.session.execute(text(query or "SELECT 1"))

    job_id = owe(organization.id)
    for attempt in (1, 2, 3):
        assert run_jobs(Kind("probe", handler), [job_id]) == [job_id]
        assert jobs.state(job_id) == (Status.FAILED if attempt == 3 else Status.PENDING, attempt)
        chain.time_passes()
    assert chain.value("SELECT error FROM jobs").startswith(says)
    check(database)


def test_a_group_that_meets_the_statement_timeout_is_divided_and_loses_no_attempt(database, organization):
    def handler(context: Context, claimed: Any) -> Any:
        context.session.execute(text("SET LOCAL statement_timeout = 20"))
        context.session.execute(text("SELECT pg_sleep(1)"))

    ids = [owe(organization.id) for _ in range(4)]
    assert run_jobs(Kind("probe", handler, group=4), ids) == []
    assert chain.rows("SELECT DISTINCT attempts, group_limit FROM jobs JOIN outbox ON job_id = id") == [(0, 2)]
