"""Mails that broke other importers, made here: each a fault of its own."""

import base64

PDF = b"%PDF-1.4\n1 0 obj <</Type /Catalog>> endobj\ntrailer <</Root 1 0 R>>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def letter(
    *parts: bytes, subject: str = "Bill", message_id: str = "<1@x>", sender: str = "Shop <shop@x.example>"
) -> bytes:
    """Return a mail of several parts."""
    head = (
        f"From: {sender}\r\nTo: bills@example.com\r\nSubject: {subject}\r\nMessage-ID: {message_id}\r\n"
        "Date: Sat, 31 Jan 2026 10:00:00 +0100\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="B"\r\n\r\n'
    )
    text = b"Content-Type: text/plain\r\n\r\nHello\r\n"
    return head.encode() + b"".join(b"--B\r\n" + one for one in (text, *parts)) + b"--B--\r\n"


def attached(data: bytes = PDF, *headers: str) -> bytes:
    """Return a part with a file in it; a PDF with a name unless other headers are given."""
    given = headers or ("Content-Type: application/pdf", 'Content-Disposition: attachment; filename="bill.pdf"')
    head = "\r\n".join([*given, "Content-Transfer-Encoding: base64"])
    return head.encode() + b"\r\n\r\n" + base64.encodebytes(data).replace(b"\n", b"\r\n") + b"\r\n"


def bill(number: int) -> bytes:
    """Return a mail with a bill of its own."""
    return letter(attached(PDF + b"%% %d\n" % number), subject=f"Bill {number}", message_id=f"<{number}@x.example>")


ONE_PDF = ("Content-Type: application/pdf",)
CODED = 'filename="=?utf-8?B?UmVjaG51bmcgw7wucGRm?="'
SPLIT = "filename*0*=utf-8''Rechnung%20;\r\n filename*1*=%C3%BC.pdf"
NESTED = (
    b"Content-Type: message/rfc822\r\n\r\nFrom: z@z\r\nSubject: inner\r\n"
    b"Content-Type: multipart/mixed; boundary=C\r\n\r\n--C\r\n" + attached() + b"--C--\r\n"
)
# By what is odd: the mail, and the names of the files in it.
ODD: dict[str, tuple[bytes, list[str]]] = {
    "a file without a name": (letter(attached(PDF, *ONE_PDF)), [""]),
    "a name of its type alone": (letter(attached(PDF, "Content-Type: application/pdf; name=a.pdf")), ["a.pdf"]),
    "shown within the mail": (
        letter(attached(PDF, *ONE_PDF, "Content-Disposition: inline; filename=a.pdf")),
        ["a.pdf"],
    ),
    "of any type": (
        letter(
            attached(PDF, "Content-Type: application/octet-stream", "Content-Disposition: attachment; filename=a.pdf")
        ),
        ["a.pdf"],
    ),
    "a coded name": (letter(attached(PDF, *ONE_PDF, f"Content-Disposition: attachment; {CODED}")), ["Rechnung ü.pdf"]),
    "a name in pieces": (
        letter(attached(PDF, *ONE_PDF, f"Content-Disposition: attachment; {SPLIT}")),
        ["Rechnung ü.pdf"],
    ),
    "a path as a name": (
        letter(attached(PDF, *ONE_PDF, 'Content-Disposition: attachment; filename="../../etc/a.pdf"')),
        ["../../etc/a.pdf"],
    ),
    "a mail in a mail": (letter(NESTED), ["bill.pdf"]),
    "no end": (letter(attached()).rpartition(b"--B--")[0], ["bill.pdf"]),
    "a PDF and nothing else": (
        b"From: a@b.c\r\nSubject: scan\r\nContent-Type: application/pdf; name=scan.pdf\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(PDF),
        ["scan.pdf"],
    ),
    "signs in base64 that are none": (letter(attached().replace(b"JVBERi0", b"%%%JVBERi0")), ["bill.pdf"]),
    "no attachment": (letter(), []),
    "no header": (b"\r\nHello\r\n", []),
    "nothing": (b"", []),
    "a charset that nobody knows": (
        b"From: a@b.c\r\nSubject: =?x-foo?B?AAAA?=\r\nContent-Type: text/plain; charset=x-foo\r\n\r\nx\r\n",
        [],
    ),
    "a date that is none": (b"From: a@b.c\r\nDate: yesterday\r\nSubject: d\r\nMessage-ID:\r\n\r\nx\r\n", []),
}


def many_parts(count: int) -> bytes:
    """Return a mail of so many empty parts."""
    return letter(*([b"\r\n"] * count))


def deep(levels: int) -> bytes:
    """Return a mail whose parts stand so deep in one another."""
    opening = b"".join(b"Content-Type: multipart/mixed; boundary=B%d\r\n\r\n--B%d\r\n" % (n, n) for n in range(levels))
    return b"From: a@b.c\r\nSubject: deep\r\n" + opening + attached()
