"""What a file is is told by its content: a name, or what a client calls it, is never asked."""

import pytest

from domain.files.media_types import HEAD_BYTES, JPEG, PDF, PNG, TIFF, WEBP, XML, media_type

TAKEN = {
    "a PDF": (b"%PDF-1.7\n", PDF),
    "a PDF behind junk": (b"\r\n" * 100 + b"%PDF-1.4", PDF),
    "a PDF as far back as one may be": (b"x" * 1023 + b"%PDF-1.4", PDF),
    "a PDF behind a byte order mark": (b"\xef\xbb\xbf%PDF-1.4", PDF),
    "a PDF behind markup": (b"<junk>\n%PDF-1.4", PDF),
    "a PNG": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", PNG),
    "a PNG that has a PDF's header in it": (b"\x89PNG\r\n\x1a\n%PDF-1.4", PNG),
    "a JPEG": (b"\xff\xd8\xff\xe0\x00\x10JFIF", JPEG),
    "a TIFF of Intel's": (b"II*\x00\x08\x00", TIFF),
    "a TIFF of Motorola's": (b"MM\x00*\x00\x00", TIFF),
    "a WebP": (b"RIFF\x24\x00\x00\x00WEBPVP8 ", WEBP),
    "XML": (b"<?xml version='1.0'?><Invoice/>", XML),
    "XML behind a byte order mark": ("﻿<?xml version='1.0'?>".encode(), XML),
    "XML behind white space": (b" \r\n\t<?xml version='1.0'?>", XML),
    "XML without a declaration": (b"<rsm:CrossIndustryInvoice xmlns:rsm='urn'>", XML),
    "XML that begins with a comment": (b"<!-- made by hand --><Invoice/>", XML),
    "XML of a document type": (b'<!DOCTYPE Invoice SYSTEM "a.dtd"><Invoice/>', XML),
    "XML in UTF-16": ("<?xml version='1.0'?>".encode("utf-16"), XML),
    "XML in UTF-16, big endian": (b"\xfe\xff" + "<?xml version='1.0'?>".encode("utf-16-be"), XML),
    "XML in UTF-16 without a mark": ("<Invoice/>".encode("utf-16-le"), XML),
    "XML in UTF-16, big endian, without a mark": ("<Invoice/>".encode("utf-16-be"), XML),
    "XML in Latin-1": ("<?xml version='1.0' encoding='latin-1'?><Käufer/>".encode("latin-1"), XML),
}
REFUSED = {
    "nothing": b"",
    "a PDF too far back": b"x" * 1024 + b"%PDF-1.4",
    "a page": b"<!DOCTYPE html><html>",
    "a page without a type": b"\n<HTML><body>",
    "a GIF": b"GIF89a",
    "a ZIP, such as a spreadsheet": b"PK\x03\x04",
    "a sound": b"RIFF\x24\x00\x00\x00WAVEfmt ",
    "a program": b"\x7fELF",
    "half a PNG": b"\x89PNG\r\n",
    "text": b"Invoice 1: 100 EUR",
    "less than": b"<",
    "less than a number": b"< 5",
    "white space without an end": b" " * HEAD_BYTES,
    "a photo of a phone": b"\x00\x00\x00\x18ftypheic",
}


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_taken_is_known_by_its_first_bytes(name: str) -> None:
    head, expected = TAKEN[name]
    assert media_type(head) == expected


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_taken_is_nothing(name: str) -> None:
    assert media_type(REFUSED[name]) is None
