"""E-invoices in XML, in the jail."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from PIL import Image

from domain.bills.reading import einvoice
from domain.bills.reading.faults import Fault, Faulty

MEDIA_TYPES = ("application/xml", "text/xml")
FAULTS = {einvoice.DOCTYPE: Fault.UNSAFE_XML, einvoice.NO_EINVOICE: Fault.NO_E_INVOICE}
DECLARED = re.compile(rb"\s*<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"'][^>]{0,100}\?>")
DECLARATION = re.compile(r"^\ufeff?\s*<\?xml[^>]{0,200}\?>")
BUILT_IN = {"utf-8", "utf8", "utf-16", "utf-16le", "utf-16be", "us-ascii", "ascii", "iso-8859-1", "latin1"}
ENCODINGS = (
    *(f"windows-{number}" for number in range(1250, 1259)),
    *(f"iso-8859-{number}" for number in (2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14, 15, 16)),
    "koi8-r", "koi8-u", "shift-jis", "euc-jp", "gb2312", "gbk", "gb18030", "big5", "euc-kr",
)  # fmt: skip
# How XML begins in characters of four bytes, and in EBCDIC.
WIDE = {
    b"\0\0\0<": "utf-32-be", b"<\0\0\0": "utf-32-le", b"\xff\xfe\0\0": "utf-32", b"\0\0\xfe\xff": "utf-32",
    b"Lo\xa7\x94": "cp500",
}  # fmt: skip
REFUSED = '<?xml version="1.0"?><!DOCTYPE x SYSTEM "x.dtd" [<!ENTITY e SYSTEM "file:///x">]><x>&e;</x>'


class XmlFile:
    """An e-invoice without pages."""

    pages = 0

    def __init__(self, data: bytes) -> None:
        self._fields = fields(data)

    def text(self) -> dict[str, Any]:
        """Return what the e-invoice says."""
        return {"pages": [], "xml": self._fields}

    def scan(self, page: int) -> Image.Image:
        """Raise Faulty: it has no pages."""
        raise Faulty(Fault.NO_SUCH_PAGE, page + 1)

    picture = scan


def fields(data: bytes) -> Mapping[str, Any]:
    """Return what an e-invoice says, by field; raise Faulty if it is none."""
    try:
        return einvoice.parse(_unicode(data))
    except ValueError as refusal:
        raise Faulty(FAULTS.get(str(refusal), Fault.DAMAGED)) from None


def _unicode(data: bytes) -> bytes:
    """Return the XML in an encoding that libxml2 knows by itself: for others it would open a library.

    Without its declaration it is taken for UTF-8, or else for Windows-1252.
    """
    for mark, encoding in WIDE.items():
        if data.startswith(mark):
            return DECLARATION.sub("", data.decode(encoding)).encode()
    declared = DECLARED.match(data)
    encoding = declared[1].decode().lower().replace("_", "-") if declared else "utf-8"
    if encoding in BUILT_IN or not declared:
        return data
    body = data[declared.end() :]
    return body.decode(encoding).encode() if encoding in ENCODINGS else body


def specimens() -> Iterator[tuple[str, bytes]]:
    """Yield nothing; load the encodings, and what the parser needs for what it refuses."""
    for encoding in (*ENCODINGS, *WIDE.values()):
        "x".encode(encoding).decode(encoding)
    strange = (b"MZ\x90\0 a program", "some text".encode("utf-16"), b"<x>\xe9\x81</x>", b"\xff\xfe\0")
    for refused in (REFUSED.encode("utf-16"), REFUSED.encode(), b"<x", b"<Invoice><ID>1</ID></Invoice>", *strange):
        with suppress(Faulty):
            fields(refused)
    yield from ()
