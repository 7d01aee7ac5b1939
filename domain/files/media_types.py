"""What a file is, by its first bytes and never by its name. Nothing is parsed here: that is done in the jail."""

import re

PDF, XML = "application/pdf", "application/xml"
PNG, JPEG, TIFF, WEBP = "image/png", "image/jpeg", "image/tiff", "image/webp"
TAKEN = "PDF, PNG, JPEG, TIFF, WebP or XML"
# So many bytes from the beginning of a file are looked at.
HEAD_BYTES = 4096
# Readers of PDF let so many bytes stand before its header (ISO 32000-1, annex H).
JUNK_BYTES = 1024
PDF_HEADER = b"%PDF-"
BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
)
BYTE_ORDERS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
MARKUP = re.compile(r"[ \t\r\n]*<(\?xml[ \t\r\n]|!--|!DOCTYPE[ \t\r\n]|[A-Za-z_:])")
PAGE = re.compile(r"[ \t\r\n]*<(!doctype[ \t\r\n]+)?html[ \t\r\n>]", re.IGNORECASE)


def media_type(head: bytes) -> str | None:
    """Return the media type of a file that begins with `head`, None if it is none that is taken."""
    for beginning, found in BEGINNINGS:
        if head.startswith(beginning):
            return found
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return WEBP
    if head.find(PDF_HEADER, 0, JUNK_BYTES + len(PDF_HEADER) - 1) >= 0:
        return PDF
    text = _text(head)
    return XML if MARKUP.match(text) and not PAGE.match(text) else None


def _text(head: bytes) -> str:
    """Return the text of a file that may be XML, in the encoding that its first bytes show."""
    for mark, encoding in BYTE_ORDERS:
        if head.startswith(mark):
            return head[len(mark) :].decode(encoding, "replace")
    if head[1:2] == b"\x00":
        return head.decode("utf-16-le", "replace")
    return head.decode("utf-16-be" if head[:1] == b"\x00" else "latin-1", "replace")
