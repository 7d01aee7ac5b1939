"""Whatever is popped from Redis or Valkey becomes a message; one that cannot be read carries its error to the consumer.

kombu by itself reads what it pops without a guard: one word that is no JSON would end the worker.
"""

import sys
from typing import Any

from kombu.message import Message as UnreadMessage
from kombu.transport import redis, virtual
from kombu.utils.json import loads
from kombu.utils.uuid import uuid

from tasks.message import MALFORMED, ForgedMessage


def read_envelope(text: str) -> Any:
    """Return the envelope that `text` holds, an empty one if it holds none."""
    try:
        return loads(text)
    except MALFORMED:
        return {}


class Message(virtual.Message):
    """A message whose envelope may be anything; `errors` has what is wrong with it."""

    def __init__(self, payload: Any, channel: Any = None, **options: Any) -> None:
        try:
            hash(payload["properties"]["delivery_tag"])
            if payload["headers"].get("compression"):
                raise ForgedMessage("compressed: nobody knows how much memory it takes")
            super().__init__(payload, channel, **options)
        except MALFORMED:
            self.errors = [sys.exc_info()]
            UnreadMessage.__init__(self, channel=channel, delivery_tag=uuid())


redis.loads = read_envelope  # type: ignore[assignment]
redis.Channel.Message = Message
