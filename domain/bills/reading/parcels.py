"""How a request to the jail's readers is packed: a length, a head in JSON, and bytes."""

from collections.abc import Mapping
from typing import Any

import orjson

LENGTH_BYTES = 4


def pack(head: Mapping[str, Any], body: bytes = b"") -> bytes:
    """Return head and body as one string of bytes."""
    packed = orjson.dumps(head)
    return b"".join((len(packed).to_bytes(LENGTH_BYTES, "big"), packed, body))


def unpack(parcel: bytes) -> tuple[dict[str, Any], memoryview]:
    """Return the head and the body of what `pack` packed."""
    end = LENGTH_BYTES + int.from_bytes(parcel[:LENGTH_BYTES], "big")
    return orjson.loads(parcel[LENGTH_BYTES:end]), memoryview(parcel)[end:]
