"""The program of the jail that reads files: it says what one has as text, or shows a page of it.

A request is a parcel: what to do (`text`, `scan` or `picture`) and the file. Nothing of a file is kept for the next.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import orjson
from PIL import Image

from domain.bills.reading import pdf_file, picture_file, xml_file
from domain.bills.reading.faults import Fault, Faulty
from domain.bills.reading.limits import MAX_PAGES
from domain.bills.reading.parcels import pack, unpack

PIXELS_BYTES = 4
Text = dict[str, Any]


class OpenFile(Protocol):
    """A file that was opened; its pages count from 0."""

    pages: int

    def text(self) -> Text:
        """Return `pages`, each {width, height, words, scan}, and the fields of an e-invoice in it as `xml`."""

    def scan(self, page: int) -> Image.Image:
        """Return the page in grey, as text recognition wants it."""

    def picture(self, page: int) -> Image.Image:
        """Return the page as people look at it."""


OPENERS: Mapping[str, Callable[[bytes], OpenFile]] = {
    "application/pdf": pdf_file.PdfFile,
    **dict.fromkeys(picture_file.FORMATS, picture_file.PictureFile),
    **dict.fromkeys(xml_file.MEDIA_TYPES, xml_file.XmlFile),
}


def prepare() -> None:
    """Read a file of each kind, so that nothing is imported or opened later."""
    for module in (pdf_file, picture_file, xml_file):
        for media_type, specimen in module.specimens():
            for wanted in ({"do": "text"}, {"do": "scan", "page": 0}, {"do": "picture", "page": 0, "turned": 90}):
                answer(pack({"media_type": media_type, **wanted}, specimen))


def answer(request: bytes) -> bytes:
    """Return JSON of a file's text, else the pixels of a page; raise Faulty for what is the file's."""
    head, body = unpack(request)
    file = _opened(head["media_type"], bytes(body))
    if head["do"] == "text":
        return orjson.dumps(file.text())
    if not 0 <= head["page"] < file.pages:
        raise Faulty(Fault.NO_SUCH_PAGE, head["page"] + 1)
    if head["do"] == "scan":
        return _pixels(file.scan(head["page"]))
    # Pillow turns the other way round.
    return picture_file.png(file.picture(head["page"]).rotate(-head["turned"], expand=True))


def _opened(media_type: str, data: bytes) -> OpenFile:
    file = OPENERS[media_type](data)
    if file.pages > MAX_PAGES:
        raise Faulty(Fault.TOO_MANY_PAGES, file.pages)
    return file


def _pixels(picture: Image.Image) -> bytes:
    size = (side.to_bytes(PIXELS_BYTES, "big") for side in picture.size)
    return b"".join((*size, picture.tobytes()))
