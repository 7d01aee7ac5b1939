"""What the parts say: nothing at INFO while nothing happens, and one line for each job that failed."""

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import Celery

from tests.faults.load import drain, owe, value
from tests.waiting import wait_until

SWEEPS = "SELECT CAST(swept_to AS text) FROM relay_state"


def test_an_idle_worker_and_beat_print_nothing(chain, organization):
    worker, beat = chain.start("worker", "beat", log_level="INFO")
    wait_until(lambda: worker.said(" ready."), 15)
    said = [len(part.lines) for part in (worker, beat)]
    for _ in range(3):
        before = value(SWEEPS)
        wait_until(lambda: value(SWEEPS) != before, 15, "nobody swept")  # noqa: B023
    assert [part.lines[start:] for part, start in zip((worker, beat), said, strict=True)] == [[], []]


def test_a_broker_that_goes_and_comes_again_is_told_in_words_that_are_true(chain, broker_server, organization):
    *parts, beat = chain.start("worker", "io", "beat")
    before = value(SWEEPS)
    wait_until(lambda: value(SWEEPS) != before, 15, "beat has not reached the broker")
    broker_server.kill(signal.SIGKILL)
    wait_until(lambda: all(part.said("Connection to broker lost") for part in parts), 30)
    wait_until(lambda: beat.said("Couldn't apply scheduled task sweep: Error 111"), 10)
    broker_server.start()
    chain.start("relay")
    owe(organization, "fault.single", [{}])
    drain(30)
    assert [line for part in parts for line in part.lines if "acknowledge" in line or "Deprecat" in line] == []
    assert beat.said("Traceback") == 0


def test_a_child_that_dies_has_one_line_without_a_number_that_is_no_jobs(chain, organization):
    _, worker = chain.start("relay", "worker")
    owe(organization, "fault.single", [{"fault": "segfault"}], max_attempts=1)
    drain(30)
    wait_until(lambda: worker.said("a child ended by signal 11 (SIGSEGV); its jobs go on elsewhere"), 10)
    assert (worker.said("Traceback"), worker.said("Job: ")) == (0, 0)


@contextmanager
def worker_events(broker_url: str) -> Iterator[list[dict[str, Any]]]:
    """Within the block, the list of what the worker tells Flower, as Flower asks for it."""
    told: list[dict[str, Any]] = []
    with Celery(broker=broker_url, set_as_current=False) as app, app.connection_for_read() as connection:
        receiver = app.events.Receiver(connection, handlers={"*": told.append})
        listener = threading.Thread(target=receiver.capture, daemon=True)
        listener.start()
        try:
            wait_until(lambda: told, 10, "the worker's heart does not beat")
            assert app.control.broadcast("enable_events", reply=True, limit=1)
            yield told
        finally:
            receiver.should_stop = True
            listener.join()


def test_a_failed_job_has_one_line_and_its_task_has_failed(chain, organization):
    _, worker = chain.start("relay", "worker", log_level="INFO")
    with worker_events(chain.broker_url) as told:
        [job] = owe(organization, "fault.refused", [{}])
        drain(20)
        [ended] = wait_until(lambda: [event for event in told if event["type"] in ("task-failed", "task-succeeded")])
    failed = f"JobsFailed('1 of 1 jobs failed: {job.request_id}')"
    assert (ended["type"], ended.get("exception")) == ("task-failed", failed)
    line = f"job {job.request_id} fault.refused organization {organization.id} attempt 1 of 3: no; FAILED"
    wait_until(lambda: worker.said(line) == 1, 10)
    assert worker.said("Traceback") == 0


def test_as_json_the_line_of_a_failed_job_has_its_numbers(chain, organization):
    _, worker = chain.start("relay", "worker", log_level="INFO", log="json")
    [job] = owe(organization, "fault.refused", [{}])
    drain(20)
    [line] = wait_until(lambda: [line for line in worker.lines if f'"job_id": {job.request_id}' in line])
    told = json.loads(line)
    assert (told["kind"], told["organization_id"], told["attempt"]) == ("fault.refused", organization.id, "1 of 3")
    assert (told["level"], told["part"], told["outcome"]) == ("WARNING", "worker", "FAILED")
