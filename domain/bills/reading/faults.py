"""What is wrong with a file, as the jail says it and as a person reads it."""

from collections.abc import Mapping
from enum import StrEnum

from domain.bills.reading.limits import MAX_PAGES, MAX_PIXELS
from domain.errors import NotYet


class Unavailable(NotYet):
    """This installation cannot read the file, or not now; the message says what is lacking."""


class NotInstalled(Exception):
    """This installation has nothing that could read it, now or later; the message says what to do."""


class Unreadable(Exception):
    """The file cannot be read, whoever tries; `reason` is a sentence about it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Exhausted(Unreadable):
    """Two processes were too slow with the file or ended at it: its own fault, or that of a machine that is busy."""


class Fault(StrEnum):
    """What the jail may say of a file: it chooses one of our sentences, and a number in it."""

    PASSWORD = "password"  # noqa: S105
    DAMAGED = "damaged"
    OTHER_KIND = "other_kind"
    NO_PAGES = "no_pages"
    TOO_MANY_PAGES = "too_many_pages"
    TOO_MANY_PIXELS = "too_many_pixels"
    NO_SUCH_PAGE = "no_such_page"
    NO_E_INVOICE = "no_e_invoice"
    UNSAFE_XML = "unsafe_xml"


AGAIN = "ask its sender for it again, or put its fields in by hand"
# Each says what to do as well, for it is all that a person is told of a bill in error.
SENTENCES: Mapping[Fault, str] = {
    Fault.PASSWORD: "It is protected by a password: send it without one.",
    Fault.DAMAGED: f"It is damaged, or not whole: {AGAIN}.",
    Fault.OTHER_KIND: f"It is damaged, or not of the kind that it says it is: {AGAIN}.",
    Fault.NO_PAGES: f"It has no pages: {AGAIN}.",
    Fault.TOO_MANY_PAGES: f"It has {{:,}} pages; at most {MAX_PAGES} are read: send those of the invoice alone.",
    Fault.TOO_MANY_PIXELS: f"It has a picture of {{:,}} pixels; at most {MAX_PIXELS:,} are read: send a smaller one.",
    Fault.NO_SUCH_PAGE: "It has no page {:,}.",
    Fault.NO_E_INVOICE: f"It is XML, and no e-invoice in UBL or CII: {AGAIN}.",
    Fault.UNSAFE_XML: f"It is XML with a document type of its own, which no e-invoice has: {AGAIN}.",
}


class Faulty(ValueError):
    """Raised in the jail: the fault, and its number."""

    def __init__(self, fault: Fault, number: int = 0) -> None:
        super().__init__(f"{fault} {number}")


def unreadable(said: str) -> Unreadable:
    """Return the exception for what the jail said with Faulty; raise ValueError if that is none of our words."""
    fault, _, number = said.partition(" ")
    return Unreadable(SENTENCES[Fault(fault)].format(int(number)))
