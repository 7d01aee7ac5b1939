"""What a bill's file says: a stranger's bytes go into the jail, and words come out.

A process reads the files of one organization, one after the other, until one of them is at fault: so no organization
meets another's bytes. Call this with no transaction open: it takes milliseconds for text, seconds for a scan.
"""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Self, TypeVar

from domain.bills.content import OCR, TEXT, Page, Reading
from domain.bills.reading import answers, recognition
from domain.bills.reading.answers import NotBelieved
from domain.bills.reading.faults import Exhausted, NotInstalled, Unavailable, Unreadable, unreadable
from domain.bills.reading.limits import MAX_PAGES, MAX_SCAN_PIXELS, MAX_SIDE
from domain.bills.reading.order import in_order
from domain.bills.reading.parcels import pack
from domain.jail.process import Crashed, Jail, Process, Starved, TooSlow

PROGRAM = "domain.bills.reading.reader_program"
MEDIA_TYPES = ("application/pdf", "image/png", "image/jpeg", "image/tiff", "image/webp", "application/xml", "text/xml")
NOT_READY = "the reader of files does not start, or not in time: try again once this machine is less busy"
BUSY = "this machine is too busy to read it in time: try again once it is less busy"
EMPTY = "It is empty."
STRANGE = "It is neither a PDF, nor a picture (PNG, JPEG, TIFF, WebP), nor XML."
NO_TEXT = "No text was found in it."
TOO_SLOW = "It takes too long to read."
TOO_MUCH = "It takes more memory than is allowed to read, or crashes what reads it."

# Another page is begun only if it can be read twice until the deadline.
ANOTHER_S = 15.0

Answer = TypeVar("Answer")


def read(data: bytes, media_type: str, language: str | None, deadline: float) -> Reading:
    """Return all that the file says; raise Unreadable, NotInstalled, or Unavailable if it cannot be read here now.

    `media_type` is what its first bytes say it is, `language` ("bg") that of the organization, `deadline` a time of the
    monotonic clock. Scans that nobody can read are left `unread` in a file that says something else.
    """
    reading = read_text(data, media_type, deadline)
    if not reading.scans:
        return reading
    reading = read_scans(reading, data, media_type, language, deadline)
    if reading.scans:
        raise Unreadable(TOO_SLOW)
    return reading


def read_text(data: bytes, media_type: str, deadline: float) -> Reading:
    """Return what one file says without recognition of text; raise as `read` does."""
    with Reader() as reader:
        return reader.text(data, media_type, deadline)


def read_scans(reading: Reading, data: bytes, media_type: str, language: str | None, deadline: float) -> Reading:
    """Return the reading with as many of its `scans` recognized as can be until `deadline`: the others stay.

    At least one is, or is left unread; raise as `read` does.
    """
    if not recognition.is_installed():
        return give_up(reading, reading.scans, NotInstalled(recognition.NOT_INSTALLED))
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
    """Return a PNG of a page of one file, counted from 1 and turned as its words were read; raise as `read` does."""
    with Reader() as reader:
        return reader.picture(data, media_type, page, deadline, turned)


def give_up(reading: Reading, numbers: Sequence[int], reason: Exception) -> Reading:
    """Return the reading with these of its scans left unread; raise the reason if it says nothing else."""
    scans = [number for number in reading.scans if number not in numbers]
    unread = {**reading.unread, str(reason): [*reading.unread.get(str(reason), ()), *numbers]}
    reading = reading._replace(scans=scans, unread=unread)
    if not scans and not says_something(reading):
        raise reason
    return reading


def says_something(reading: Reading) -> bool:
    """Return whether there is a word in it, beside those of pages left unread, or an e-invoice."""
    unread = {number for numbers in reading.unread.values() for number in numbers}
    return reading.xml is not None or any(page.words for page in reading.pages if page.number not in unread)


class Reader:
    """Reads the files of one organization, one after the other.

    A process that did all that it was asked reads the next file too. Where one does not, it is ended.
    """

    def __init__(self) -> None:
        self._process: Process | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.kill()

    def glance(self, data: bytes, media_type: str, deadline: float, seconds: float) -> Reading | None:
        """Return what `text` does if that takes no longer than `seconds`, None where it has to be tried at length."""
        self._process = self._process or _started(deadline)  # the first of a jail loads its program
        with suppress(Crashed, TooSlow, NotBelieved):
            return self.text(data, media_type, min(deadline, time.monotonic() + seconds), once=True)
        return None

    def text(self, data: bytes, media_type: str, deadline: float, once: bool = False) -> Reading:
        """Return what the file says without recognition of text; `scans` of it need that. Raise as `read` does."""
        reading = self._asked({"do": "text"}, data, media_type, _text, deadline, once)
        if not reading.scans and not says_something(reading):
            raise Unreadable(NO_TEXT)
        return reading

    def scan(self, data: bytes, media_type: str, page: int, deadline: float) -> answers.Pixels:
        """Return a page, counted from 1, as text recognition wants it; raise as `read` does."""
        return self._asked({"do": "scan", "page": page - 1}, data, media_type, _pixels, deadline)

    def picture(self, data: bytes, media_type: str, page: int, deadline: float, turned: int = 0) -> bytes:
        """Return a PNG of a page, turned as its words were read; raise as `read` does."""
        return self._asked({"do": "picture", "page": page - 1, "turned": turned}, data, media_type, _png, deadline)

    def _asked(
        self,
        wanted: dict[str, Any],
        data: bytes,
        media_type: str,
        believed: Callable[[bytes], Answer],
        deadline: float,
        once: bool = False,
    ) -> Answer:
        if not data:
            raise Unreadable(EMPTY)
        if media_type not in MEDIA_TYPES:
            raise Unreadable(STRANGE)
        request = pack({**wanted, "media_type": media_type}, data)
        if once:
            return self._ask(request, believed, deadline)
        return _twice(lambda until: self._ask(request, believed, until), deadline)

    def _ask(self, request: bytes, believed: Callable[[bytes], Answer], deadline: float) -> Answer:
        process, self._process = self._process or _started(deadline), None
        try:
            answer = believed(_answered(*process.ask(request, deadline)))
        except BaseException:
            process.kill()
            raise
        self._process = process
        return answer


def _with_scan(
    reading: Reading, number: int, data: bytes, media_type: str, language: str | None, deadline: float
) -> Reading:
    page = reading.pages[number - 1]
    try:
        with Reader() as reader:
            scan = reader.scan(data, media_type, number, deadline)
        found = _twice(lambda until: recognition.recognize(scan, language, until), deadline)
    except Unreadable as refused:
        return give_up(reading, [number], refused)
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
    except Starved:
        raise Unavailable(BUSY) from None
    except TooSlow:
        raise Exhausted(TOO_SLOW) from None
    except (Crashed, NotBelieved):
        raise Exhausted(TOO_MUCH) from None


def _recognized(page: Page, found: recognition.Recognized) -> Page:
    """Return the page with what was recognized; one where that is nothing keeps the few words that it has."""
    if not found.words:
        return page
    on_its_side = found.turned % 180 != 0
    size = (page.height, page.width) if on_its_side else (page.width, page.height)
    return Page(page.number, *size, OCR, in_order(found.words, found.slope), found.turned)


def _started(deadline: float) -> Process:
    try:
        return _jail.start(deadline)
    except (Crashed, TooSlow):
        raise Unavailable(NOT_READY) from None


def _answered(done: bool, answer: bytes) -> bytes:
    if done:
        return answer
    try:
        raise unreadable(answer.decode())
    except ValueError:
        raise NotBelieved from None


def _text(answer: bytes) -> Reading:
    pages, xml = answers.members(answers.loaded(answer), "pages", "xml")
    read = [_page(number, page) for number, page in enumerate(answers.entries(pages, MAX_PAGES), 1)]
    scans = [page.number for page, is_scan in read if is_scan]
    return Reading([page for page, _ in read], answers.e_invoice(xml), scans)


def _page(number: int, said: Any) -> tuple[Page, bool]:
    *sides, words, is_scan = answers.members(said, "width", "height", "words", "scan")
    width, height = map(answers.points, sides)
    return Page(number, width, height, TEXT, in_order(answers.words(words))), answers.truth(is_scan)


def _pixels(answer: bytes) -> answers.Pixels:
    return answers.pixels(answer, MAX_SCAN_PIXELS)


def _png(answer: bytes) -> bytes:
    return answers.png(answer, MAX_SIDE)


_jail = Jail(PROGRAM)
os.register_at_fork(after_in_child=_jail.abandon)
