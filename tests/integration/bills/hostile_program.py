"""A program of the jail that was taken over: it answers what the file tells it to."""

from domain.bills.reading.parcels import unpack


def prepare() -> None:
    """Need nothing."""


def answer(request: bytes) -> bytes:
    """Return what the request's body says in hexadecimal; refuse with it if it begins with `!`."""
    _, body = unpack(request)
    said = bytes.fromhex(bytes(body).decode().removeprefix("say "))
    if said.startswith(b"!"):
        raise ValueError(said[1:].decode(errors="replace"))
    return said
