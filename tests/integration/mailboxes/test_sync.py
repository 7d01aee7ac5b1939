"""Each mail of a mailbox is read once, whatever its server and its senders do, and it is told what came of it."""

import os
import random
import signal
import socket
import time
from collections.abc import Callable

import pytest

from domain.files.names import clean
from domain.jail.process import Process
from domain.jobs.execution import run_jobs
from domain.jobs.registry import find
from domain.mailboxes import owing, reading, taking
from domain.mailboxes.owing import KIND
from domain.mailboxes.sync import MAX_TROUBLES
from tests import chain
from tests.caller import Caller
from tests.integration.mailboxes.box import BILLS, JOBS, Box, read_all
from tests.integration.mailboxes.letters import ODD, PDF, PNG, attached, bill, deep, letter
from tests.integration.mailboxes.mortals import read_by_mortals
from tests.integration.mailboxes.servers import FolderOfMails, Imap

Make = Callable[..., Box]


def test_each_mail_is_read_once_and_its_attachments_become_bills(box: Make, imap: Imap) -> None:
    made = box()
    imap.inbox.add(bill(1), letter(), bill(2))
    shown = made.sync()
    assert shown["counts"] == {"imported": 2, "filtered": 0, "skipped": 1, "unreadable": 0}
    assert (shown["uidValidity"], shown["lastUid"], shown["lastError"]) == (1, 3, None)
    assert shown["lastSyncAt"] is not None
    first, none, _ = made.mails()
    assert (first["subject"], first["from"], first["messageId"]) == ("Bill 1", "Shop <shop@x.example>", "<1@x.example>")
    assert first["date"] == "2026-01-31T09:00:00Z"
    [attachment] = first["attachments"]
    assert (attachment["name"], attachment["reason"], attachment["billId"] is not None) == ("bill.pdf", None, True)
    assert (none["outcome"], none["reason"]) == ("skipped", "it has no attachment")
    imap.inbox.add(bill(3))
    assert made.sync()["lastUid"] == 4
    assert imap.contents() == [1, 2, 3, 4]
    assert chain.value(BILLS) == 3
    assert all(not flags for flags in imap.inbox.flags.values()), "what was only read was changed"


def test_every_odd_mail_is_listed_and_stops_none_of_the_others(box: Make, imap: Imap) -> None:
    made = box()
    imap.inbox.add(*(mail for mail, _ in ODD.values()), deep(1000), bill(1))
    made.sync()
    mails = made.mails()
    assert len(mails) == len(ODD) + 2
    for (name, (_, files)), mail in zip(ODD.items(), mails, strict=False):
        told = [clean(file) if file else "attachment" for file in files]
        assert [one["name"] for one in mail["attachments"]] == told, name
        assert mail["outcome"] in ("imported", "skipped"), (name, mail["reason"])
    assert (mails[-2]["outcome"], mails[-2]["reason"]) == ("unreadable", "its parts stand too deep in one another")
    assert (mails[-2]["subject"], mails[-1]["outcome"]) == ("deep", "imported")


def test_a_mail_is_not_judged_by_a_machine_that_has_no_time_for_it(
    box: Make, imap: Imap, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = box()
    imap.inbox.add(bill(1))
    ask = Process.ask

    def stopped(process: Process, request: bytes, deadline: float) -> tuple[bool, bytes]:
        os.kill(process.pid, signal.SIGSTOP)
        return ask(process, request, time.monotonic() + 0.2)

    with monkeypatch.context() as busy:
        busy.setattr(Process, "ask", stopped)
        assert made.caller.post(f"{made.path}/test").json["error"] == reading.BUSY
        assert made.sync()["lastError"] == reading.BUSY
    assert made.mails() == []
    assert made.sync()["counts"]["imported"] == 1


def test_only_files_that_can_be_bills_become_some(box: Make, imap: Imap) -> None:
    made = box()
    text = attached(b"Hello", "Content-Type: text/plain", "Content-Disposition: attachment; filename=a.pdf")
    logo = attached(PNG, "Content-Type: image/png", "Content-ID: <logo>", "Content-Disposition: inline; filename=l.png")
    scan = attached(PNG, "Content-Type: image/png", "Content-Disposition: attachment; filename=scan.png")
    imap.inbox.add(letter(text, logo), letter(text, logo, scan, message_id="<2@x>"))
    made.sync()
    none, one = made.mails()
    assert (none["outcome"], none["reason"]) == ("skipped", "none of its attachments can be a bill")
    assert [file["reason"] for file in none["attachments"]] == [
        "the file must be PDF, PNG, JPEG, TIFF, WebP or XML, which its content does not show",
        "a picture of the mail's text",
    ]
    assert [file["billId"] is not None for file in one["attachments"]] == [False, False, True]


def test_a_new_uidvalidity_is_read_from_its_first_mail_and_doubles_nothing(box: Make, imap: Imap) -> None:
    made = box()
    imap.inbox.add(bill(1), bill(2))
    made.sync()
    # UID 1 is another mail now, the first has moved, and its server has put a header before it.
    imap.inbox.replace(7, bill(3), b"X-Moved: yes\r\n" + bill(1))
    shown = made.sync()
    assert (shown["uidValidity"], shown["lastUid"]) == (7, 2)
    assert made.outcomes() == ["imported", "imported", "imported", "skipped"]
    assert (
        made.mails()[-1]["reason"]
        == f"it is the same as the mail {made.mails()[0]['id']} of this mailbox, which was imported"
    )
    assert chain.value(BILLS) == 3
    imap.inbox.replace(1, bill(4))  # restored from a backup: a number that was there before
    made.sync()
    assert chain.value(BILLS) == 4


def test_one_mail_in_two_places_is_one(box: Make, imap: Imap) -> None:
    made = box()
    imap.inbox.add(bill(1), bill(1), letter(attached(PDF + b"another"), message_id="<1@x.example>"))
    made.sync()
    assert made.outcomes() == ["imported", "skipped", "imported"]


def test_mails_without_message_ids_are_told_apart_by_all_that_they_are(box: Make, imap: Imap) -> None:
    scans = [b"Date: %d\r\n" % n + letter(attached(), message_id="").replace(b"Message-ID: \r\n", b"") for n in (1, 2)]
    made = box()
    imap.inbox.add(*scans)
    made.sync()
    assert made.outcomes() == ["imported", "imported"]


def test_a_filter_lets_pass_what_is_wanted_and_says_why_not(box: Make, imap: Imap) -> None:
    made = box(filter={"from": ["@x.example"], "subject": "bill", "hasAttachment": True})
    imap.inbox.add(bill(1), letter(sender="a@b.c"), letter(subject="Hello"), letter(subject="a bill"))
    made.sync()
    assert [mail["reason"] for mail in made.mails()] == [
        None,
        "its sender's address has none of: @x.example",
        "its subject does not have: bill",
        "it has no attachment",
    ]
    assert made.outcomes() == ["imported", "filtered", "filtered", "filtered"]


def test_pictures_of_the_text_are_no_attachment(box: Make, imap: Imap) -> None:
    made = box(filter={"hasAttachment": True})
    logo = attached(PNG, "Content-Type: image/png", "Content-ID: <logo>", "Content-Disposition: inline; filename=l.png")
    imap.inbox.add(letter(logo), bill(1))
    made.sync()
    assert [mail["reason"] for mail in made.mails()] == ["it has no attachment", None]


def test_a_filter_that_is_changed_meanwhile_holds_from_the_next_mail_on(box: Make, imap: Imap) -> None:
    made = box()
    imap.inbox.add(bill(1), bill(2), bill(3))

    def change(imap: Imap, connection: socket.socket, mail: bytes, uid: int) -> bool:
        if uid == 2:
            made.change(filter={"subject": "receipt"})
        return False

    imap.fault = change
    made.sync()
    assert made.outcomes() == ["imported", "imported", "filtered"]


def test_what_is_imported_is_marked_or_moved_and_nothing_else(box: Make, imap: Imap) -> None:
    imap.folders["Read bills"] = FolderOfMails()
    seen = box(after="seen")
    imap.inbox.add(bill(1), letter())
    seen.sync()
    assert imap.inbox.flags == {1: {"\\Seen"}, 2: set()}
    moving = box(after="move:Read bills")
    moving.sync()
    assert (list(imap.inbox.mails), list(imap.folders["Read bills"].mails.values())) == ([2], [bill(1)])


def test_what_cannot_be_moved_is_imported_and_moved_later(box: Make, imap: Imap) -> None:
    made = box(after="move:Later")
    imap.inbox.add(bill(1))
    shown = made.sync()
    assert shown["counts"]["imported"] == 1
    assert "not marked or moved" in shown["lastError"]
    assert chain.rows(JOBS)[-1][0] == "COMPLETED"
    imap.folders["Later"] = FolderOfMails()
    assert made.sync()["lastError"] is None
    assert list(imap.folders["Later"].mails.values()) == [bill(1)]


def test_a_mail_that_is_too_large_is_listed_without_being_loaded(box: Make, imap: Imap) -> None:
    made = box()
    imap.inbox.add(bill(1), bill(2))
    imap.sizes[1] = taking.MAX_BYTES + 1
    made.sync()
    large, other = made.mails()
    assert (large["outcome"], large["subject"], large["size"]) == ("skipped", "Bill 1", taking.MAX_BYTES + 1)
    assert "mails of up to 25 MB are read" in large["reason"]
    assert (other["outcome"], imap.contents()) == ("imported", [2])


def _lie(imap: Imap, connection: socket.socket, mail: bytes, uid: int) -> bool:
    if uid == 2:
        connection.sendall(b"* 2 FETCH (UID 2 BODY[] {9999999999}\r\n")
    return uid == 2


def _die(imap: Imap, connection: socket.socket, mail: bytes, uid: int) -> bool:
    if uid == 2:
        connection.sendall(b"* 2 FETCH (UID 2 BODY[] {%d}\r\n" % len(mail) + mail[:50])
    return uid == 2


def _talk_nonsense(imap: Imap, connection: socket.socket, mail: bytes, uid: int) -> bool:
    if uid == 2:
        connection.sendall(b"* 2 FETCH (UID 2 BODY[] ((((((((\r\n\x00\xff{{{\r\n")
    return uid == 2


@pytest.mark.parametrize("fault", [_lie, _die, _talk_nonsense])
def test_a_mail_at_which_the_connection_breaks_is_passed_over_in_the_end(box: Make, imap: Imap, fault) -> None:
    made = box()
    imap.inbox.add(bill(1), bill(2), bill(3))
    imap.fault = fault
    for _ in range(MAX_TROUBLES - 1):
        shown = made.sync()
        assert (shown["lastUid"], shown["lastError"] is not None) == (1, True)
    made.sync()
    chain.run_waiting(KIND)
    assert made.outcomes() == ["imported", "unreadable", "imported"]
    assert "the connection broke 3 times while it was read: " in made.mails()[1]["reason"]
    assert (made.now()["lastError"], made.now()["failingSince"]) == (None, None)


@pytest.mark.parametrize("mails", [1, 3])
def test_a_server_that_gives_no_mail_at_all_for_a_while_costs_none(box: Make, imap: Imap, mails: int) -> None:
    made = box()
    imap.inbox.add(*map(bill, range(mails)))
    imap.fault = lambda *_: True
    for _ in range(2 * MAX_TROUBLES):
        assert made.sync()["lastError"] is not None
    imap.fault = None
    made.sync()
    assert made.outcomes() == ["imported"] * mails


def test_a_server_that_goes_away_for_once_costs_nothing(box: Make, imap: Imap) -> None:
    made = box()
    imap.inbox.add(bill(1), bill(2))
    imap.fault = _die
    made.sync()
    imap.fault = None
    assert made.sync()["counts"] == {"imported": 2, "filtered": 0, "skipped": 0, "unreadable": 0}
    assert imap.contents() == [1, 2, 2]


def test_a_long_mailbox_is_read_in_several_turns_and_goes_on_where_it_was(
    box: Make, imap: Imap, client: Caller
) -> None:
    made = box()
    imap.inbox.add(*map(bill, range(5)))
    job_id = client.post(f"{made.path}/sync").json["jobId"]
    run_jobs(find(KIND), [job_id], seconds=0)
    assert (len(made.mails()), client.get(f"/api/v1/jobs/{job_id}").json["status"]) == (0, "pending")
    run_jobs(find(KIND), [job_id])
    assert client.get(f"/api/v1/jobs/{job_id}").json["result"] == {"mails": 5}
    assert imap.contents() == [1, 2, 3, 4, 5]


def test_one_job_at_a_time_reads_a_mailbox(box: Make, client: Caller) -> None:
    made = box()
    answers = [client.post(f"{made.path}/sync").json["jobId"] for _ in range(2)]
    owing.owe_due()
    assert answers[0] == answers[1]
    assert chain.value("SELECT count(*) FROM jobs WHERE kind = 'email.sync'") == 1


def test_a_mailbox_is_due_every_so_many_minutes_and_not_while_it_is_disabled(box: Make, client: Caller) -> None:
    box(everyMinutes=5)
    box(enabled=False)
    for expected in (1, 1):
        owing.owe_due()
        assert chain.value("SELECT count(*) FROM jobs WHERE kind = 'email.sync'") == expected
    chain.run_waiting(KIND)
    waits = "SELECT extract(epoch FROM next_sync_at - clock_timestamp()) FROM mailboxes WHERE enabled"
    assert 290 < chain.value(waits) <= 300
    chain.ask("UPDATE mailboxes SET next_sync_at = clock_timestamp()")
    owing.owe_due()
    assert chain.value("SELECT count(*) FROM jobs WHERE kind = 'email.sync'") == 2


def test_one_that_is_changed_or_deleted_while_it_is_read_is_left_alone(box: Make, imap: Imap, client: Caller) -> None:
    made = box()
    imap.inbox.add(bill(1), bill(2))
    imap.folders["Other"] = FolderOfMails()
    imap.folders["Other"].add(bill(3))

    def move_elsewhere(imap: Imap, connection: socket.socket, mail: bytes, uid: int) -> bool:
        imap.fault = None
        assert made.change(folder="Other").status_code == 200
        return False

    imap.fault = move_elsewhere
    run_jobs(find(KIND), [client.post(f"{made.path}/sync").json["jobId"]])
    assert made.mails() == [], "a mail of a folder that is not read any more was recorded"
    read_all()
    assert [mail["subject"] for mail in made.mails()] == ["Bill 3"]

    def delete(imap: Imap, connection: socket.socket, mail: bytes, uid: int) -> bool:
        client.delete(made.path)
        return False

    imap.folders["Other"].add(bill(4))
    imap.fault = delete
    client.post(f"{made.path}/sync")
    read_all()
    assert chain.rows("SELECT (SELECT count(*) FROM mailboxes), (SELECT count(*) FROM mailbox_mails)") == [(0, 0)]
    assert chain.rows(JOBS)[-1] == ("COMPLETED", None)


def test_no_mail_is_lost_or_doubled_whoever_dies_and_whatever_the_folder_becomes(
    box: Make, imap: Imap, client: Caller
) -> None:
    """A few deaths, by chance; `tests/crash/test_mailboxes.py` has every point."""
    seed = int(os.environ.get("SEED", random.randrange(10**6)))
    print(f"SEED={seed}")
    chance, made = random.Random(seed), box(after="seen")
    imap.inbox.add(bill(1), letter(), bill(2))
    read_by_mortals(client.post(f"{made.path}/sync").json["jobId"], chance, deaths=4)
    imap.inbox.replace(2, bill(3), bill(1), letter())
    read_by_mortals(client.post(f"{made.path}/sync").json["jobId"], chance, deaths=4)
    assert made.outcomes() == ["imported", "skipped", "imported", "imported", "skipped", "skipped"]
    assert chain.value(BILLS) == 3
    assert imap.inbox.flags == {1: {"\\Seen"}, 2: set(), 3: set()}
