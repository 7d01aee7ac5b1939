"""What a bill's file says: a stranger's bytes go into the jail, and words come out.

Each file is read in a process of its own, so that none can meet another's bytes. Call this with no transaction open: it
takes milliseconds for text, seconds for a scan.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from domain.bills import answers, recognition
from domain.bills.answers import NotBelieved
from domain.bills.content import OCR, TEXT, Page, Reading
from domain.bills.faults import Unavailable, Unreadable, unreadable
from domain.bills.limits import MAX_SCAN_PIXELS, MAX_SIDE
from domain.bills.order import in_order
from domain.bills.parcels import pack
from domain.jail.process import Crashed, Jail, Process, TooSlow

PROGRAM = "domain.bills.reader_program"
MEDIA_TYPES = ("application/pdf", "image/png", "image/jpeg", "image/tiff", "image/webp", "application/xml", "text/xml")
NOT_READY = "the reader of files does not start, or not in time"
EMPTY = "It is empty."
STRANGE = "It is neither a PDF, nor a picture (PNG, JPEG, TIFF, WebP), nor XML."
NO_TEXT = "No text was found in it."
TOO_SLOW = "It takes too long to read."
TOO_MUCH = "It takes more memory than is allowed to read, or crashes what reads it."

# Another page is begun only if it can be read twice until the deadline.
ANOTHER_S = 15.0

Answer = TypeVar("Answer")


def read(data: bytes, media_type: str, language: str | None, deadline: float) -> Reading:
    """Return all that the file says; raise Unreadable, or Unavailable if this installation cannot read it now.

    `media_type` is what its first bytes say it is, `language` ("bg") that of the organization, `deadline` a time of the
    monotonic clock. Where scans cannot be read, a file that says something else is read without them.
    """
    reading = read_text(data, media_type, deadline)
    if not reading.scans:
        return reading
    if says_something(reading) and not recognition.is_installed():
        return reading
    reading = read_scans(reading, data, media_type, language, deadline)
    if reading.scans:
        raise Unreadable(TOO_SLOW)
    return reading


def read_text(data: bytes, media_type: str, deadline: float) -> Reading:
    """Return what the file says without recognition of text; `scans` of it need that. Raise as `read` does."""
    _check(data, media_type)
    reading = _twice(lambda until: _text(data, media_type, until), deadline)
    if not reading.scans and not says_something(reading):
        raise Unreadable(NO_TEXT)
    return reading


def read_scans(reading: Reading, data: bytes, media_type: str, language: str | None, deadline: float) -> Reading:
    """Return the reading with as many of its `scans` recognized as can be until `deadline`: the others stay.

    At least one is, or it raises as `read` does.
    """
    first, *others = reading.scans
    reading = _with_scan(reading, first, data, media_type, language, deadline)
    for number in others:
        if deadline - time.monotonic() < ANOTHER_S:
            break
        reading = _with_scan(reading, number, data, media_type, language, deadline)
    if not reading.scans and not says_something(reading):
        raise Unreadable(NO_TEXT)
    return reading


def picture(data: bytes, media_type: str, page: int, deadline: float, turned: int = 0) -> bytes:
    """Return a PNG of the page, counted from 1 and turned as its words were read; raise as `read` does."""
    _check(data, media_type)
    wanted = {"do": "picture", "page": page - 1, "turned": turned}
    return _twice(lambda until: _picture(data, media_type, wanted, until), deadline)


def says_something(reading: Reading) -> bool:
    """Return whether there is a word in it, or an e-invoice."""
    return reading.xml is not None or any(page.words for page in reading.pages)


def _check(data: bytes, media_type: str) -> None:
    if not data:
        raise Unreadable(EMPTY)
    if media_type not in MEDIA_TYPES:
        raise Unreadable(STRANGE)


def _with_scan(
    reading: Reading, number: int, data: bytes, media_type: str, language: str | None, deadline: float
) -> Reading:
    page = reading.pages[number - 1]
    scan = _twice(lambda until: _scan(data, media_type, page, until), deadline)
    found = _twice(lambda until: recognition.recognize(scan, language, until), deadline)
    pages = [_recognized(page, found) if one is page else one for one in reading.pages]
    return reading._replace(pages=pages, scans=[scan for scan in reading.scans if scan != number])


def _twice(attempt: Callable[[float], Answer], deadline: float) -> Answer:
    """Return what `attempt` does until a deadline, after half of the time in a second, fresh process.

    The first may have been killed, or stood still, for a reason that is not the file's.
    """
    now = time.monotonic()
    with suppress(Crashed, TooSlow, NotBelieved):
        return attempt(now + (deadline - now) / 2)
    try:
        return attempt(deadline)
    except TooSlow:
        raise Unreadable(TOO_SLOW) from None
    except (Crashed, NotBelieved):
        raise Unreadable(TOO_MUCH) from None


def _text(data: bytes, media_type: str, deadline: float) -> Reading:
    with _opened(data, media_type, deadline) as (count, process):
        said = answers.loaded(_asked(process, pack({"do": "text"}), deadline))
    pages, xml = answers.members(said, "pages", "xml")
    answers.believe(len(answers.entries(pages, count)) == count)
    read = [_page(number, page) for number, page in enumerate(pages, 1)]
    scans = [page.number for page, is_scan in read if is_scan]
    return Reading([page for page, _ in read], answers.e_invoice(xml), scans)


def _page(number: int, said: Any) -> tuple[Page, bool]:
    *sides, words, is_scan = answers.members(said, "width", "height", "words", "scan")
    width, height = map(answers.points, sides)
    return Page(number, width, height, TEXT, in_order(answers.words(words))), answers.truth(is_scan)


def _scan(data: bytes, media_type: str, page: Page, deadline: float) -> answers.Pixels:
    with _opened(data, media_type, deadline) as (_, process):
        pixels = _asked(process, pack({"do": "scan", "page": page.number - 1}), deadline)
    return answers.pixels(pixels, MAX_SCAN_PIXELS)


def _recognized(page: Page, found: recognition.Recognized) -> Page:
    """Return the page with what was recognized; one where that is nothing keeps the few words that it has."""
    if not found.words:
        return page
    on_its_side = found.turned % 180 != 0
    size = (page.height, page.width) if on_its_side else (page.width, page.height)
    return Page(page.number, *size, OCR, in_order(found.words, found.slope), found.turned)


def _picture(data: bytes, media_type: str, wanted: dict[str, Any], deadline: float) -> bytes:
    with _opened(data, media_type, deadline) as (_, process):
        return answers.png(_asked(process, pack(wanted), deadline), MAX_SIDE)


@contextmanager
def _opened(data: bytes, media_type: str, deadline: float) -> Iterator[tuple[int, Process]]:
    """Give the number of the file's pages, and the process that has it open, which ends with the body."""
    try:
        process = _jail.start(deadline)
    except (Crashed, TooSlow):
        raise Unavailable(NOT_READY) from None
    try:
        said = answers.loaded(_asked(process, pack({"do": "open", "media_type": media_type}, data), deadline))
        [pages] = answers.members(said, "pages")
        yield answers.count(pages), process
    finally:
        process.kill()


def _asked(process: Process, request: bytes, deadline: float) -> bytes:
    done, answer = process.ask(request, deadline)
    if done:
        return answer
    try:
        raise unreadable(answer.decode())
    except ValueError:
        raise NotBelieved from None


_jail = Jail(PROGRAM)
os.register_at_fork(after_in_child=_jail.abandon)
