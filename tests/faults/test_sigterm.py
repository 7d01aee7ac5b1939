"""SIGTERM of each part again and again under load costs no job an attempt."""

import signal

import pytest

from tests.faults.load import Intake, drain, fetch, owe, verify
from tests.waiting import wait_until

PARTS = ("relay", "worker", "beat")
SWALLOWS = """
import time
from kombu.messaging import Producer

def publish(*_, **__):
    try:
        print("sends", flush=True)
        time.sleep(60)
    except SystemExit:
        raise ValueError("I/O operation on closed file")

Producer.publish = publish
import cli.main
cli.main.main()
"""


@pytest.mark.parametrize("rounds", [1, pytest.param(5, marks=pytest.mark.chaos)])
def test_each_part_may_be_told_to_end_again_and_again_and_no_attempt_is_used_up(chain, organization, rounds):
    running = dict(zip(PARTS, chain.start(*PARTS), strict=True))
    with Intake([organization], size=5, pause=0.05) as intake:  # a busy machine has to work it all off
        for part in PARTS * rounds:
            before = len(intake.accepted)
            wait_until(lambda least=before + 100: len(intake.accepted) > least, 30, "nothing is accepted")
            ending = running[part]
            ending.die(signal.SIGTERM)
            [running[part]] = chain.start(part)
            wait_until(lambda gone=ending: gone.poll() is not None, 30, f"{part} ignores SIGTERM")
            assert ending.poll() == 0, ending.lines
    drain(120)
    verify(intake.accepted)
    assert fetch("SELECT DISTINCT attempts FROM jobs") == [(1,)]


def test_a_worker_that_is_told_to_end_does_so_when_its_jobs_are_done(chain, organization):
    """It slept for the whole time that a job may take."""
    patient = {"task_timeout": 100, "lease": 110}
    _, worker = chain.start("relay", "worker", **patient)
    owe(organization, "fault.single", [{"seconds": 2}] * 2)
    wait_until(lambda: fetch("SELECT count(*) FROM jobs WHERE status = 'PROCESSING'") == [(2,)], 30)
    worker.die(signal.SIGTERM)
    wait_until(lambda: worker.poll() is not None, 40, "it waits for nothing")
    assert fetch("SELECT status, attempts FROM jobs") == [("COMPLETED", 1)] * 2


def test_beat_ends_also_when_what_sends_its_message_takes_the_signal_for_an_error_of_its_own(chain):
    beat = chain.spawn("beat", SWALLOWS)
    wait_until(lambda: beat.said("sends"), 30, "beat sends nothing")
    beat.die(signal.SIGTERM)
    wait_until(lambda: beat.poll() is not None, 30, "beat goes on")
    assert beat.poll() == 0, beat.lines
