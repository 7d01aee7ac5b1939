"""The Prefer header (RFC 7240): a preference that is malformed, unknown or repeated never refuses a request."""

import re

from flask import request
from werkzeug.http import parse_list_header

WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
PREFERENCE = re.compile(rf'({WORD})(?:\s*=\s*(?:"([^"]*)"|({WORD})?))?\s*(?:;.*)?')
SECONDS = re.compile(r"[0-9]{1,9}")
ASYNC = "respond-async"


def prefers_async() -> bool:
    """Return whether the caller has sent `Prefer: respond-async`."""
    return _preferences().get(ASYNC) == ""


def preferred_wait() -> int:
    """Return the seconds of `Prefer: wait=20`, 0 if the caller has sent no such preference."""
    value = _preferences().get("wait", "")
    return int(value) if SECONDS.fullmatch(value) else 0


def _preferences() -> dict[str, str]:
    """Return the value of each preference by its name in lower case; of several with one name, the first counts."""
    given: dict[str, str] = {}
    for part in parse_list_header(",".join(request.headers.getlist("Prefer"))):
        if match := PREFERENCE.fullmatch(part):
            name, quoted, plain = match.groups()
            given.setdefault(name.lower(), quoted or plain or "")
    return given
