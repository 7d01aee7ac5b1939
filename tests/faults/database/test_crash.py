"""A job that takes its server process along ends FAILED; its neighbours and the jobs of an outage lose no attempt."""

import os
import signal
from collections.abc import Callable
from typing import Any

import psycopg

from tests.faults.load import drain, fetch, owe, value
from tests.waiting import wait_until

CULPRITS = "SELECT pid FROM pg_stat_activity WHERE query LIKE '%pg_sleep(1.5)%' AND pid <> pg_backend_pid()"
CRASHED = "the database's server process crashed while it ran this job"


def crash_backends(culprit: int) -> None:
    """Kill each server process that runs the culprit's statement, until the culprit has ended."""

    def kill() -> bool:
        for (pid,) in fetch(CULPRITS):
            os.kill(pid, signal.SIGKILL)
            wait_until(answers, 20)
        return bool(value("SELECT status = 'FAILED' FROM jobs WHERE id = %s", culprit))

    wait_until(lambda: tried(kill), 60, "the culprit is handed back for ever")


def answers() -> Any:
    return tried(lambda: fetch("SELECT 1"))


def tried(question: Callable[[], Any]) -> Any:
    """Ask a server that may be away; return None while it is."""
    try:
        return question()
    except psycopg.OperationalError:
        return None


def test_a_lone_job_that_crashes_its_server_process_ends_failed_and_its_neighbours_lose_no_attempt(chain, organization):
    chain.start("relay", "worker", "worker")
    [culprit] = owe(organization, "fault.asleep", [{"sleep": 1.5}])
    neighbours = owe(organization, "fault.asleep", [{"sleep": 1.4}] * 3)
    crash_backends(culprit.request_id)
    drain(40)
    assert fetch("SELECT attempts, error LIKE %s FROM jobs WHERE id = %s", CRASHED + "%", culprit.request_id) == [
        (3, True)
    ]
    others = [job.request_id for job in neighbours]
    assert fetch("SELECT DISTINCT status, attempts FROM jobs WHERE id = ANY(%s)", others) == [("COMPLETED", 1)]


def test_a_server_that_is_killed_costs_a_lone_job_no_attempt(chain, postgres, organization):
    chain.start("relay", "worker")
    owe(organization, "fault.asleep", [{"sleep": 1.5}])
    wait_until(lambda: fetch(CULPRITS))
    postgres.kill(signal.SIGQUIT)
    wait_until(lambda: postgres.poll() is not None)
    postgres.start()
    drain(40)
    assert fetch("SELECT status, attempts FROM jobs") == [("COMPLETED", 1)]
