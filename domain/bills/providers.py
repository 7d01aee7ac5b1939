"""The services that may read bills instead of this machine, as the settings choose; called with no transaction open."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import settings
from domain.bills.content import OCR, Box, Found, Page, Reading, Word
from domain.bills.extraction import Hints, believe, extract, model
from domain.shares import Shares
from gateways import chat, vision
from gateways.providers import Misconfigured, Unavailable, Unusable

__all__ = [
    "Misconfigured",
    "Unavailable",
    "Unusable",
    "ask_model",
    "asks_model",
    "fields",
    "places",
    "read_picture",
    "scans_here",
]


@cache
def places() -> Shares:
    """Return this process's places for bills, a quarter of its threads, shared among organizations.

    A service may take half a minute for each, and each has its file in memory: webhooks and mails have the rest.
    """
    return Shares(max(2, settings.current().io_concurrency // 4))


def scans_here() -> bool:
    """Return whether pictures are read on this machine, and not by the OCR service."""
    return settings.current().ocr_provider == "local"


def asks_model() -> bool:
    """Return whether a language model is asked besides the rules."""
    return settings.current().extraction_provider == "openai"


def read_picture(image: bytes, number: int, width: float, height: float, languages: Sequence[str] = ()) -> Page:
    """Return page `number`, of this size in points, as the OCR service reads its picture (PNG or JPEG).

    Raise Unavailable, Misconfigured or Unusable.
    """
    words = [Word(seen.text, Box(*seen.box), seen.confidence) for seen in vision.annotate(image, languages)]
    return Page(number, width, height, OCR, words)


def fields(reading: Reading, hints: Hints) -> dict[str, Found]:
    """Return a bill's fields by the rules, with those of the model's that the page bears out.

    Raise Unavailable, Misconfigured or Unusable.
    """
    return believe(ask_model(reading), reading, extract(reading, hints), hints)


def ask_model(reading: Reading) -> dict[str, Any]:
    """Return what the language model says of a bill, for `extraction.believe`.

    Raise Unavailable, Misconfigured or Unusable.
    """
    return chat.ask(model.INSTRUCTIONS, model.question(reading), model.NAME, model.SCHEMA)
