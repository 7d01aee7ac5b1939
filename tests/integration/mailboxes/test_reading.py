"""A mail is taken apart in a jail: whatever it is, it ends in time, and what comes of it can be kept."""

import time

import pytest

from domain.jail.process import Crashed, Process, TooSlow
from domain.mailboxes import mime, reading
from domain.mailboxes.reading import Unavailable, Unreadable
from domain.mailboxes.taking import MAX_BYTES
from tests.integration.mailboxes.letters import ODD, PDF, attached, bill, deep, letter, many_parts


@pytest.fixture(autouse=True)
def loopback_may_be_read() -> None:
    """No database is needed here."""


@pytest.mark.parametrize("name", ODD)
def test_an_odd_mail_gives_its_files(name: str) -> None:
    mail, files = ODD[name]
    read = reading.read(mail)
    assert [one.name for one in read.attachments] == files
    for one in read.attachments:
        assert one.data.startswith(b"%PDF") or name == "signs in base64 that are none"
    assert all(text.isprintable() for text in (read.subject, read.sender, read.message_id))


def test_headers_are_read_in_any_charset_and_never_cut() -> None:
    read = reading.read("From: Ä <a@b.c>\r\nMessage-ID: <a b@c>\r\n <d@e>\r\nSubject: ü\r\n\r\n".encode("latin-1"))
    assert (read.sender, read.message_id, read.subject) == ("Ä <a@b.c>", "<a b@c> <d@e>", "ü")
    assert reading.read("Subject: ü\r\n\r\n".encode()).subject == "ü"
    assert reading.read(b"Subject: =?x-foo?B?AAAA?=\r\n\r\n").subject == "", "PostgreSQL refuses NUL"
    assert reading.read(b"Subject: =?utf-8?B?AABhAA==?=\r\n\r\n").subject == "a"


@pytest.mark.parametrize(
    ("header", "addresses"),
    [
        ('"billing@shop.example" <evil@x.example>', ["evil@x.example"]),
        ("=?utf-8?q?billing=40shop.example?= <evil@x.example>", ["evil@x.example"]),
        ("=?utf-8?q?=3Cbilling=40shop.example=3E?=", []),
        ('"billing@shop.example" <evil>', []),
        ('"billing@shop.example"@evil.example', []),
        ('<"billing@shop.example"@evil.example>', []),
        ("Shop [EU] <Billing@shop.example>", ["Billing@shop.example"]),
        ("billing@shop.example (Shop)", ["billing@shop.example"]),
        ("Büro <a@b.c>, D <d@e.f>", ["a@b.c", "d@e.f"]),
        ("", []),
        (", ".join(["a@b.c"] * 1000), ["a@b.c"] * 100),
    ],
)
def test_a_name_that_looks_like_an_address_is_none(header: str, addresses: list[str]) -> None:
    assert reading.read(f"From: {header}\r\n\r\n".encode()).addresses == addresses


def test_one_mail_has_one_hash_wherever_it_lies() -> None:
    assert reading.read(bill(1)).hash == reading.read(b"Received: from x\r\n" + bill(1)).hash
    assert reading.read(bill(1)).hash != reading.read(bill(2)).hash
    no_id = letter(attached()).replace(b"Message-ID: <1@x>\r\n", b"")
    assert reading.read(no_id).hash != reading.read(b"X: y\r\n" + no_id).hash


@pytest.mark.parametrize(
    ("mail", "reason"),
    [
        (many_parts(100_000), "it has more than 1000 parts"),
        (many_parts(2000), "it has more than 1000 parts"),
        (many_parts(100_000).replace(b"\r\n--", b"\r--"), "it has more than 1000 parts"),
        (b"Subject: x\r\n\r\n" + b"\r" * 20_000_000, "it has millions of lines"),
        (b"Subject: x\r\n\r\n" + b"a\n" * 10_000_000, "it has millions of lines"),
        (deep(1000), "too deep"),
        (deep(60), "too deep"),
        (letter(*[attached()] * 101), "it has more than 100 attachments"),
    ],
    ids=[
        "100,000 parts",
        "2,000 parts",
        "parts behind bare CR",
        "bare CR",
        "lines",
        "1,000 deep",
        "60 deep",
        "101 attachments",
    ],
)
def test_what_is_beyond_the_limits_has_its_reason_before_it_is_too_slow(
    mail: bytes, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "TIMEOUT_S", 5.0)
    with pytest.raises(Unreadable, match=reason):
        reading.read(mail)


@pytest.mark.parametrize(
    "mail",
    [
        b"Subject: " + b"a " * 1_000_000 + b"\r\n\r\n",
        b"".join(b"X%d: y\r\n" % n for n in range(100_000)) + b"\r\n",
        b"From: " + b'"' * 100_000 + b"\r\n\r\n",
        b"From: " + b"(" * 4000 + b"a@b.c" + b")" * 3900 + b"\r\n\r\n",
        b"Content-Type: text/plain;" + b' a="b";' * 50_000 + b"\r\n\r\n",
        b"Subject: " + b"=?utf-8?q?a?= " * 50_000 + b"\r\n\r\n",
        b'Content-Type: multipart/mixed; boundary="' + b"x" * 100_000 + b'"\r\n\r\n',
    ],
    ids=[
        "long subject",
        "many headers",
        "quotes",
        "comments in one another",
        "parameters",
        "coded words",
        "long boundary",
    ],
)
def test_headers_without_end_are_read_before_they_are_too_slow(mail: bytes) -> None:
    reading.read(mail)


def test_the_largest_mail_is_read_whole() -> None:
    file = PDF + bytes(17 * 1024 * 1024)
    mail = letter(attached(file))
    assert 0.9 * MAX_BYTES < len(mail) < MAX_BYTES
    [read] = reading.read(mail).attachments
    assert read.data == file


def test_a_reader_that_was_taken_over_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    for answer in (b"", b"\xff\xff\xff\xff", b"\0\0\0\x02{}", b'\0\0\0\x1e{"attachments":[{"size":99}]}'):
        monkeypatch.setattr(reading, "_asked", lambda mail, answer=answer: answer)
        with pytest.raises(Unreadable):
            reading.read(b"")


@pytest.mark.parametrize(("failure", "reason"), [(TooSlow, reading.TOO_SLOW), (Crashed, reading.TOO_MUCH)])
def test_a_reader_that_never_ends_or_crashes_is_a_reason(
    monkeypatch: pytest.MonkeyPatch, failure: type[Exception], reason: str
) -> None:
    def fail(process: Process, request: bytes, deadline: float) -> tuple[bool, bytes]:
        raise failure

    monkeypatch.setattr(Process, "ask", fail)
    with pytest.raises(Unreadable, match=reason):
        reading.read(bill(1))


def test_that_no_reader_starts_is_no_mails_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "TIMEOUT_S", 0.0)
    with pytest.raises(Unavailable, match=reading.BUSY):
        reading.read(bill(1))


def test_a_mail_that_is_read_while_all_stands_still_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, start, started = time.monotonic, reading._jail.start, []

    def stopped(deadline: float) -> Process:
        started.append(start(deadline))
        if len(started) == 1:
            monkeypatch.setattr(time, "monotonic", lambda: clock() + 60)
        return started[-1]

    monkeypatch.setattr(reading._jail, "start", stopped)
    assert reading.read(bill(1)).subject == "Bill 1"
    assert len(started) == 2


def test_nothing_is_loaded_once_the_jail_is_closed() -> None:
    """Every codec that a mail may name is there, and one that is not is no reason to look for it."""
    for charset in (
        "utf-7",
        "iso-2022-jp",
        "koi8-r",
        "x-unknown",
        "../../etc/passwd",
        "zlib",
        "idna",
        "unicode_escape",
    ):
        mail = f"Subject: =?{charset}?q?a?=\r\nContent-Type: text/plain; charset={charset}\r\n\r\na".encode()
        reading.read(mail)
    assert mime.MAX_PARTS < mime.MAX_BOUNDARIES
