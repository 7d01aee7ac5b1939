"""A program of the jail that was taken over: it answers what the file tells it to, request by request."""

import json

from domain.bills.parcels import unpack

_answers: list[bytes] = []


def prepare() -> None:
    """Need nothing."""


def answer(request: bytes) -> bytes:
    """Return the next of the answers in the first request's body, in hexadecimal; refuse with one that has a `!`."""
    _, body = unpack(request)
    if not _answers:
        _answers.extend(bytes.fromhex(one) for one in json.loads(bytes(body)))
    said = _answers.pop(0)
    if said.startswith(b"!"):
        raise ValueError(said[1:].decode(errors="replace"))
    return said
