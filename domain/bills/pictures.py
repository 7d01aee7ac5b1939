"""The pages of a bill as pictures, made in the jail each time that somebody looks."""

import time
from typing import NamedTuple

from sqlalchemy.orm import Session

from domain.bills import catalogue, readings
from domain.bills.reading import reader
from domain.errors import NotFound
from domain.files import storing
from domain.files.storing import File

SECONDS = 10.0


class Wanted(NamedTuple):
    """A page of a file, counted from 1, and by how many degrees it is turned."""

    file: File
    page: int
    turned: int


def find(session: Session, organization_id: int, bill_id: int, page: int) -> Wanted:
    """Return what it takes to draw a page of a bill; raise NotFound."""
    bill = catalogue.get(session, organization_id, bill_id)
    reading = readings.of(session, bill)
    pages = reading.pages if reading else ()
    turned = pages[page - 1].turned if page <= len(pages) else 0
    return Wanted(storing.find(session, organization_id, bill.sha256), page, turned)


def draw(wanted: Wanted) -> bytes:
    """Return the page as PNG, with no transaction open; raise NotFound with the reason if it cannot be drawn."""
    data, until = storing.content(wanted.file), time.monotonic() + SECONDS
    try:
        return reader.picture(data, wanted.file.media_type, wanted.page, until, turned=wanted.turned)
    except reader.Unreadable as refused:
        raise NotFound(f"page {wanted.page} cannot be drawn: {refused}") from None
