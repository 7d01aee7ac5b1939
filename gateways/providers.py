"""Services that read bills for us, at an address that the operator chose; what they answer is believed by nobody."""

from collections.abc import Mapping
from contextlib import suppress
from math import isnan
from typing import Any

import orjson

import settings
from gateways import require_outside, secrecy
from gateways.http import Answer, Provider, Refused, Unsent

# One call is a run of its own, which has to end within its task's time.
SECONDS = 25.0
LONGEST_WORDS = 200
LONGEST_WAIT_S = 3600.0
TOO_MANY, FIRST_OF_SERVER, TIMED_OUT = 429, 500, 408
NO_KEY, FORBIDDEN, NOT_FOUND = 401, 403, 404


class Unavailable(Exception):
    """The service is away or busy: ask again, after `retry_after` seconds if it said so."""

    def __init__(self, words: str, retry_after: float | None = None):
        super().__init__(words)
        self.retry_after = retry_after


class Misconfigured(Exception):
    """The service refuses us whatever we send; the message names the setting that the operator has to look at."""


class Unusable(Exception):
    """The service answered what cannot be used; to ask the same again does not help."""


def post(name: str, path: str, headers: Mapping[str, str], body: object) -> Any:
    """Return the JSON that the service answers whose settings begin with `name` (`ocr`, `extraction`).

    Raise Unavailable, Misconfigured or Unusable. Nothing of the answer is in the message but what a person may see.
    """
    require_outside()
    url = getattr(settings.current(), f"{name}_url").rstrip("/") + path
    try:
        with Provider(url) as provider:
            sent = {"Content-Type": "application/json", **headers}
            answer = provider.post(sent, orjson.dumps(body), SECONDS)
    except Unsent as unsent:
        raise Unavailable(f"{_who(name)} cannot be reached: {unsent}") from None
    except Refused as refused:
        raise Misconfigured(f"{_setting(name, 'url')}: {refused}") from None
    _check_status(name, answer)
    return parsed(answer.body, _who(name))


def parsed(text: bytes | str, who: str) -> Any:
    """Return the value of a JSON text; raise Unusable."""
    try:
        return orjson.loads(text)
    except ValueError:
        raise Unusable(f"{who} answered what is no JSON, or more than is looked at") from None


def _check_status(name: str, answer: Answer) -> None:
    status, who = answer.status, _who(name)
    if status in (NO_KEY, FORBIDDEN):
        raise Misconfigured(f"{who} refused the key ({status}): check {_setting(name, 'api_key')}{_told(answer)}")
    if status == NOT_FOUND:
        raise Misconfigured(f"{who} is not at this address (404): check {_setting(name, 'url')}{_told(answer)}")
    if status in (TOO_MANY, TIMED_OUT) or status >= FIRST_OF_SERVER:
        raise Unavailable(f"{who} is busy or broken ({status})", _retry_after(answer))
    if not 200 <= status < 300:
        raise Unusable(f"{who} did not take the request ({status}){_told(answer)}")


def _retry_after(answer: Answer) -> float | None:
    with suppress(ValueError):
        seconds = float(answer.headers.get("retry-after", ""))
        return None if isnan(seconds) else min(max(seconds, 0.0), LONGEST_WAIT_S)
    return None


def _told(answer: Answer) -> str:
    """Return what both kinds of services say in `error.message`, in one short line."""
    with suppress(ValueError, TypeError, KeyError):
        said = orjson.loads(answer.body)["error"]["message"]
        return f": {line(said)}" if isinstance(said, str) and said else ""
    return ""


def line(text: str) -> str:
    """Return a service's words in a line for a person, without our keys and what a terminal would obey."""
    given = settings.current()
    text = secrecy.without(text, (given.ocr_api_key, given.extraction_api_key))
    return "".join(letter if letter.isprintable() else " " for letter in text)[:LONGEST_WORDS].strip()


def _setting(name: str, part: str) -> str:
    return settings.variable(f"{name}_{part}")


def _who(name: str) -> str:
    return {"ocr": "the OCR service", "extraction": "the extraction service"}[name]
