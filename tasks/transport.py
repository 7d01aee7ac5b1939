"""Whatever is popped from Redis or Valkey becomes a message; one that cannot be read carries its error to the consumer.

kombu by itself reads what it pops without a guard: one word that is no JSON would end the worker.
"""

import sys
from typing import Any

from kombu.message import Message as UnreadMessage
from kombu.transport import pyamqp, redis, virtual
from kombu.utils.json import loads
from kombu.utils.uuid import uuid

from tasks.message import MALFORMED, ForgedMessage

COMPRESSED = "compressed: nobody knows how much memory it takes"


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
                raise ForgedMessage(COMPRESSED)
            super().__init__(payload, channel, **options)
        except MALFORMED:
            self.errors = [sys.exc_info()]
            UnreadMessage.__init__(self, channel=channel, delivery_tag=uuid())


class AmqpMessage(pyamqp.Message):
    """A message from RabbitMQ that is not decompressed."""

    def __init__(self, message: Any, channel: Any = None, **options: Any) -> None:
        try:
            if (message.properties.get("application_headers") or {}).get("compression"):
                raise ForgedMessage(COMPRESSED)
        except MALFORMED:
            self.errors = [sys.exc_info()]
        super().__init__(message, channel, **options)


pyamqp.Channel.Message = AmqpMessage  # type: ignore[assignment]
redis.loads = read_envelope  # type: ignore[assignment]
redis.Channel.Message = Message
