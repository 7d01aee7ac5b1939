"""Callers of an HTTP API on connections that they keep, as cheap as they can be: they share the cores with it."""

import asyncio
import time
from collections.abc import Iterator
from itertools import count

END_OF_HEAD = b"\r\n\r\n"
LENGTH = b"content-length:"


def accepted_per_second(
    port: int, path: str, key: str, body: bytes, callers: int, seconds: float, idempotent: bool = False
) -> tuple[float, int]:
    """Return how many answers of 201 a second `callers` get, one request at a time each, and how many in all.

    `idempotent` ones have an Idempotency-Key each, another one every time.
    """
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(body)}\r\n"
    started = time.monotonic()
    keys = (f"Idempotency-Key: {started}-{n}\r\n" if idempotent else "" for n in count())
    requests = (f"{head}{key}\r\n".encode() + body for key in keys)
    accepted = asyncio.run(_all(port, requests, callers, started + seconds))
    return accepted / (time.monotonic() - started), accepted


async def _all(port: int, requests: Iterator[bytes], callers: int, until: float) -> int:
    return sum(await asyncio.gather(*(_call(port, requests, until) for _ in range(callers))))


async def _call(port: int, requests: Iterator[bytes], until: float) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    accepted = 0
    while time.monotonic() < until:
        writer.write(next(requests))
        head = await reader.readuntil(END_OF_HEAD)
        if not head.startswith(b"HTTP/1.1 201"):
            raise AssertionError(f"not accepted: {head.decode()}")
        lowered = head.lower()
        at = lowered.index(LENGTH) + len(LENGTH)
        await reader.readexactly(int(lowered[at : lowered.index(b"\r\n", at)]))
        accepted += 1
    writer.close()
    return accepted
