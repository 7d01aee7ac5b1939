from typing import Any

from celery.worker import consumer

from db import queue
from db.transaction import transaction


class Consumer(consumer.Consumer):
    """Counts the messages it cannot read (pickle, broken JSON, no task) besides refusing them."""

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        _count()
        super().on_decode_error(message, exc)

    def on_unknown_message(self, body: Any, message: Any) -> None:
        _count()
        super().on_unknown_message(body, message)


def _count() -> None:
    with transaction() as session:
        queue.record_incident(session, "forged_message")
