"""One process reads an organization's files one after the other; what goes wrong with a file ends with that file."""

import os
import signal
import time

import psutil
import pytest

from domain.bills.processing import MAX_READINGS
from domain.bills.reading import reader
from domain.bills.reading.faults import Unreadable
from domain.bills.reading.reader import Reader
from domain.bills.status import PROCESS, SCAN
from domain.jail.process import Process, TooSlow
from tests import chain
from tests.caller import Caller
from tests.integration.bills import documents
from tests.integration.bills.documents import PDF, soon
from tests.integration.bills.papers import PATH, pdf, send, work
from tests.waiting import wait_until

DEADLY = b"\n% ends whoever reads it"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Process]:
    """Return the processes that are started for files."""
    seen: list[Process] = []
    start = reader._jail.start

    def noted(deadline: float) -> Process:
        seen.append(start(deadline))
        return seen[-1]

    monkeypatch.setattr(reader._jail, "start", noted)
    return seen


@pytest.fixture
def deadly(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Return a file whose reader is killed whenever it is asked about it."""
    ask = Process.ask

    def asked(process: Process, request: bytes, deadline: float) -> tuple[bool, bytes]:
        if request.endswith(DEADLY):
            os.kill(process.pid, signal.SIGKILL)
        return ask(process, request, deadline)

    monkeypatch.setattr(Process, "ask", asked)
    return pdf(number="2026-6666") + DEADLY


def test_one_process_reads_file_after_file_and_ends_with_the_last(started: list[Process]) -> None:
    with Reader() as texts:
        for number in ("2026-0001", "2026-0002", "2026-0003"):
            [page] = texts.text(pdf(number=number), PDF, soon()).pages
            assert number in [word.text for word in page.words]
        assert texts.picture(pdf(), PDF, 1, soon()).startswith(b"\x89PNG")
    [process] = started
    wait_until(lambda: not psutil.pid_exists(process.pid))


def test_a_process_that_stands_still_is_replaced_within_the_files_time(started: list[Process]) -> None:
    with Reader() as texts:
        texts.text(pdf(), PDF, soon())
        os.kill(started[0].pid, signal.SIGSTOP)
        assert texts.text(pdf(number="2026-0118"), PDF, soon(6)).pages[0].words
    assert len(started) == 2


def test_a_file_is_not_judged_by_a_machine_that_has_no_time_for_it(
    client: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    bill_id = send(client, pdf()).json["billId"]
    ask = Process.ask

    def stopped(process: Process, request: bytes, deadline: float) -> tuple[bool, bytes]:
        os.kill(process.pid, signal.SIGSTOP)
        return ask(process, request, time.monotonic() + 0.2)

    with monkeypatch.context() as busy:
        busy.setattr(Process, "ask", stopped)
        for kind in (PROCESS, SCAN):
            chain.run_waiting(kind)
    bill = client.get(f"{PATH}/{bill_id}").json
    job = client.get(f"/api/v1/jobs/{bill['jobId']}").json
    assert (bill["status"], job["status"], job["error"]) == ("processing", "pending", reader.BUSY)
    chain.time_passes()
    work()
    assert client.get(f"{PATH}/{bill_id}").json["status"] == "needs_review"


@pytest.mark.parametrize("fault", [b"%PDF-1.7\nnothing more", documents.png(60_000, 60_000)], ids=["cut off", "no PDF"])
def test_a_file_that_is_at_fault_is_the_last_of_its_process(started: list[Process], fault: bytes) -> None:
    with Reader() as texts:
        texts.text(pdf(), PDF, soon())
        with pytest.raises(Unreadable):
            texts.text(fault, PDF, soon())
        assert texts.text(pdf(), PDF, soon()).pages[0].words
    assert len({process.pid for process in started}) == 2


def test_a_bill_that_ends_its_reader_costs_no_other_bill_of_the_run_anything(
    client: Caller, started: list[Process], deadly: bytes
) -> None:
    files = [pdf(number="2026-0001"), deadly, pdf(number="2026-0002"), pdf(number="2026-0003")]
    ids = [send(client, file).json["billId"] for file in files]
    chain.run_waiting(PROCESS)
    assert statuses(client, ids) == ["needs_review", "processing", "needs_review", "needs_review"]
    # One for the first, and one for those behind it.
    assert len(started) == 2
    for _ in range(MAX_READINGS):
        chain.run_waiting(SCAN)
        chain.time_passes()
    assert statuses(client, ids) == ["needs_review", "error", "needs_review", "needs_review"]
    assert client.get(f"{PATH}/{ids[1]}").json["message"] == reader.TOO_MUCH


def test_a_bill_that_was_too_much_for_a_busy_machine_is_read_later(
    client: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_late(*_: object) -> None:
        raise TooSlow

    bill = send(client, pdf()).json["billId"]
    with monkeypatch.context() as busy:
        busy.setattr(Process, "ask", too_late)
        chain.run_waiting(PROCESS)
    assert statuses(client, [bill]) == ["processing"]
    chain.time_passes()
    work()
    assert statuses(client, [bill]) == ["needs_review"]


def statuses(client: Caller, ids: list[int]) -> list[str]:
    return [client.get(f"{PATH}/{one}").json["status"] for one in ids]


def test_no_two_organizations_share_a_process(client: Caller, stranger: Caller, started: list[Process]) -> None:
    for number in ("2026-0001", "2026-0002"):
        for caller in (client, stranger):
            send(caller, pdf(number=number))
    work()
    assert len(started) == 2


def test_a_slow_file_leaves_the_workers_that_issue_invoices(client: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read where scans are, at length and twice if need be."""
    monkeypatch.setattr("domain.bills.processing.AT_ONCE", 0.0)
    sent = send(client, pdf(number="SLOW-1"))
    chain.run_waiting(PROCESS)
    assert chain.rows("SELECT lane, status FROM jobs WHERE kind = 'bill.scan'") == [("ocr", "PENDING")]
    work()
    bill = client.get(f"{PATH}/{sent.json['billId']}").json
    assert (bill["status"], bill["fields"]["invoiceNumber"]["value"]) == ("needs_review", "SLOW-1")
