"""A job that takes its server process along ends FAILED; its neighbours and the jobs of an outage lose no attempt."""

import os
import signal
from collections.abc import Callable
from typing import Any

import psycopg

from domain.jobs.execution import MAX_HAND_BACKS
from domain.jobs.verdict import LOST
from local.postgres import EmbeddedPostgres
from tests.faults.load import drain, fetch, owe, value
from tests.waiting import wait_until

CULPRITS = "SELECT pid FROM pg_stat_activity WHERE query LIKE '%pg_sleep(2.4)%' AND pid <> pg_backend_pid()"
SETTLED = "SELECT status <> 'PROCESSING' FROM jobs WHERE id = %s"
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


def test_a_lone_job_that_crashes_its_server_process_ends_failed_and_its_neighbours_complete(chain, organization):
    chain.start("relay", "worker", "worker")
    [culprit] = owe(organization, "fault.asleep", [{"sleep": 2.4}])
    neighbours = owe(organization, "fault.asleep", [{"sleep": 2.3}] * 3)
    crash_backends(culprit.request_id)
    drain(40)
    assert fetch("SELECT attempts, error LIKE %s FROM jobs WHERE id = %s", CRASHED + "%", culprit.request_id) == [
        (3, True)
    ]
    others = [job.request_id for job in neighbours]
    assert fetch("SELECT DISTINCT status FROM jobs WHERE id = ANY(%s)", others) == [("COMPLETED",)]
    # A reset that meets a statement on its way takes the server's last word along: then one is blamed, once.
    assert fetch("SELECT count(*) FROM jobs WHERE id = ANY(%s) AND attempts > 1", others) <= [(1,)]


def test_a_job_that_takes_the_whole_server_along_ends_failed_and_its_neighbours_are_left_in_peace(
    chain, postgres, organization
):
    """As where a container is started anew: nothing in the server tells of the crash any more."""
    fetch("ALTER SYSTEM SET restart_after_crash = off")
    fetch("SELECT pg_reload_conf()")
    chain.start("relay", "worker", "worker")
    [culprit] = owe(organization, "fault.asleep", [{"sleep": 2.4}])
    neighbours = [job.request_id for job in owe(organization, "fault.asleep", [{"sleep": 2.3}] * 2)]
    crashes = crash_server(postgres, culprit.request_id)
    drain(40)
    assert MAX_HAND_BACKS + 3 <= crashes < 2 * MAX_HAND_BACKS + 3
    assert fetch("SELECT attempts, error FROM jobs WHERE id = %s", culprit.request_id) == [(3, LOST)]
    assert fetch("SELECT DISTINCT status, attempts FROM jobs WHERE id = ANY(%s)", neighbours) == [("COMPLETED", 1)]
    ran = value("SELECT count(*) FROM observed_moves WHERE job_id = ANY(%s) AND after = 'PROCESSING'", neighbours)
    assert ran <= len(neighbours) * (crashes + 1), "neighbours went round in circles"


def crash_server(postgres: EmbeddedPostgres, culprit: int) -> int:
    """Kill the server process that runs the culprit's statement until the culprit has ended; return how often."""
    crashes = 0
    while value("SELECT status <> 'FAILED' FROM jobs WHERE id = %s", culprit):
        [(pid,)] = wait_until(lambda: fetch(CULPRITS), 60, "the culprit does not run any more")
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: postgres.poll() is not None)
        postgres.start()
        crashes += 1
        wait_until(lambda: value(SETTLED, culprit), 20, "the culprit is not handed back")
    return crashes


def test_a_server_that_is_killed_costs_a_lone_job_no_attempt(chain, postgres, organization):
    chain.start("relay", "worker")
    owe(organization, "fault.asleep", [{"sleep": 2.4}])
    wait_until(lambda: fetch(CULPRITS))
    postgres.kill(signal.SIGQUIT)
    wait_until(lambda: postgres.poll() is not None)
    postgres.start()
    drain(40)
    assert fetch("SELECT status, attempts FROM jobs") == [("COMPLETED", 1)]
