"""Recognition of text: the grey pixels of a page go into a jail of their own, and words come out.

What decodes a stranger's file and what has the models in memory are two programs. The models are loaded when the first
scan comes, by the process that forks the others: each page has its own, which shares that memory.
"""

import os
import time
from importlib.util import find_spec
from typing import NamedTuple

from domain.bills.content import Word
from domain.bills.reading import answers, tessdata
from domain.bills.reading.answers import NotBelieved, Pixels
from domain.bills.reading.faults import Unavailable
from domain.bills.reading.parcels import pack
from domain.jail.process import Crashed, Jail, TooSlow, tell_once
from settings import variable

PROGRAM = "domain.bills.reading.recognizer_program"
NOT_INSTALLED = (
    f"this installation cannot read scans: choose another {variable('ocr_provider')}, or install the extra ocr"
)
NOT_READY = "text recognition does not start, or not in time: try again once this machine is less busy"
# The first scan waits for the models, even past its deadline: else each would end what loads them.
READY_S = 20.0
LIBRARIES = ("rapidocr", "onnxruntime", "tesserocr")
QUARTERS = (0, 90, 180, 270)
STEEPEST = 0.5


class Recognized(NamedTuple):
    """The words of a page that was turned clockwise by `turned` degrees, on which lines sink by `slope` in a width."""

    turned: int
    slope: float
    words: list[Word]


def is_installed() -> bool:
    """Return whether scans can be read here."""
    return all(find_spec(library) for library in LIBRARIES)


def lacking() -> str:
    """Return in a sentence what scans cannot be read here for, empty if they can be."""
    if not is_installed():
        return NOT_INSTALLED
    if missing := tessdata.lacking():
        return f"scans are read without tesseract's data {', '.join(missing)}: install the extra ocr"
    return ""


def tell_what_is_lacking() -> None:
    """Put into the log, once, what is lacking."""
    if told := lacking():
        tell_once(told)


def recognize(scan: Pixels, language: str | None, deadline: float) -> Recognized:
    """Return the words on a page, of an organization of that language; raise Unavailable, Crashed or TooSlow."""
    tell_what_is_lacking()
    try:
        process = _jail.start(max(deadline, time.monotonic() + READY_S))
    except (Crashed, TooSlow):
        raise Unavailable(NOT_READY) from None
    try:
        head = {"width": scan.width, "height": scan.height, "language": language}
        done, answer = process.ask(pack(head, scan.grey), deadline)
    finally:
        process.kill()
    if not done:
        raise NotBelieved
    return _recognized(answer)


def _recognized(answer: bytes) -> Recognized:
    turned, slope, words = answers.members(answers.loaded(answer), "turned", "slope", "words")
    answers.believe(turned in QUARTERS)
    return Recognized(int(turned), answers.number(slope, -STEEPEST, STEEPEST), answers.words(words))


_jail = Jail(PROGRAM, tessdata.files)
os.register_at_fork(after_in_child=_jail.abandon)
