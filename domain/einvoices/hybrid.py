"""A printed invoice with its XML in it: Factur-X, which ZUGFeRD 2 is too, built to PDF/A-3b and not certified."""

import json
import os
import time
from collections.abc import Mapping
from typing import Any

from domain.einvoices import syntax
from domain.jail.process import Crashed, Jail, TooSlow
from domain.pdf.rendering import RenderingFailed

PROGRAM = "domain.einvoices.binder"
TIMEOUT_S = 10.0
LENGTH_BYTES = 4


def bind(content: Mapping[str, Any], pdf: bytes) -> bytes:
    """Return `pdf`, the print of the invoice, with its XML attached; raise RenderingFailed, or as `syntax.xml` does."""
    text = syntax.xml(content, syntax.CII)
    described = {
        "title": content["invoice_number"],
        "author": content["supplier"]["name"],
        "date": content["issue_date"],
    }
    request = b"".join((*_part(json.dumps(described).encode()), *_part(pdf), text))
    try:
        return _bound(request, time.monotonic() + TIMEOUT_S)
    except (Crashed, TooSlow):
        raise RenderingFailed("the XML cannot be put into the PDF now") from None


def _bound(request: bytes, deadline: float) -> bytes:
    process = _jail.start(deadline)
    try:
        bound, answer = process.ask(request, deadline)
    finally:
        process.kill()
    if not bound:
        raise RenderingFailed(answer.decode(errors="replace"))
    return answer


def _part(data: bytes) -> tuple[bytes, bytes]:
    return len(data).to_bytes(LENGTH_BYTES, "big"), data


_jail = Jail(PROGRAM)
os.register_at_fork(after_in_child=_jail.abandon)
