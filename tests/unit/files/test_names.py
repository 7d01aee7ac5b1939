"""A stranger's file name leads nowhere, hides nothing, and is shown as it was meant."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.files.names import MAX_LENGTH, clean, disposition

CLEANED = {
    "invoice.pdf": "invoice.pdf",
    "../../etc/passwd": "passwd",
    "C:\\Users\\me\\bill.pdf": "bill.pdf",
    "a\r\nSet-Cookie: x.pdf": "a  Set-Cookie: x.pdf",
    "nul\x00l.pdf": "null.pdf",
    "invoice\u202efdp.exe": "invoicefdp.exe",
    "Фактура № 1.pdf": "Фактура № 1.pdf",
    "cafe\u0301.pdf": "café.pdf",
    " . spaced . ": "spaced",
    "": "file",
    "..": "file",
    "a/": "file",
    "n" * 300: "n" * MAX_LENGTH,
    "a" + "\u0301" * 100: "file",
    "\ud800.pdf": "?.pdf",
}
TOLD = re.compile(r'attachment; filename="([ -~]*)"(?:; filename\*=UTF-8\'\'([!-~]*))?')


@pytest.mark.parametrize("name", CLEANED, ids=ascii)
def test_a_name_is_cleaned(name: str) -> None:
    assert clean(name) == CLEANED[name]


def test_what_has_no_name_is_called_a_file() -> None:
    assert clean(None) == "file"


@given(st.text())
def test_any_name_is_one_line_and_comes_back(name: str) -> None:
    shown = clean(name)
    assert 0 < len(shown) <= MAX_LENGTH
    assert clean(shown) == shown
    told = TOLD.fullmatch(disposition(shown))
    assert told, disposition(shown)
    assert '"' not in told[1]
    assert "\\" not in told[1]
    assert unquote(told[2]) if told[2] else told[1] == shown
    assert unquote(told[2] or told[1]) == shown
