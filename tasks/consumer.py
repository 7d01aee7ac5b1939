import logging
from collections.abc import Callable, Sequence
from typing import Any

from celery.worker import consumer
from sqlalchemy.exc import SQLAlchemyError

from db import outbox, statistics
from db.transaction import statement
from tasks.message import ForgedMessage, read

log = logging.getLogger(__name__)

# What reading a message of another shape than ours raises.
MALFORMED = (AttributeError, KeyError, TypeError, ValueError)
# Long enough that two workers of different versions do not play ball with a message.
PUT_BACK_SECONDS = 1.0


class Consumer(consumer.Consumer):
    """Outlives the broker and every message: what it cannot read (pickle, fields missing, no such task) it counts."""

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        # Putting the messages in hand back into a broker that is gone would end the worker; the relay sends them again.
        if self.task_consumer is not None:
            self.task_consumer.channel.do_restore = False
        super().on_connection_error_after_connected(exc)

    def create_task_handler(self, *args: Any, **options: Any) -> Callable[[Any], None]:
        receive = super().create_task_handler(*args, **options)

        def on_task_received(message: Any) -> None:
            try:
                receive(message)
            except MALFORMED as error:
                # Celery would take a KeyError for a lost connection, and get the same message again after it.
                self.on_invalid_task(None, message, error)

        return on_task_received

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        _count()
        super().on_decode_error(message, exc)

    def on_unknown_message(self, body: Any, message: Any) -> None:
        _count()
        super().on_unknown_message(body, message)

    def on_unknown_task(self, body: Any, message: Any, exc: Exception) -> None:
        """Put the jobs of a kind that a newer worker may know back into the outbox; they are lost to nobody."""
        try:
            arguments, named, _ = message.decode()
            job_ids = read(arguments, named)
        except (ForgedMessage, *MALFORMED):
            self.on_invalid_task(body, message, exc)
            return
        log.warning("unknown kind %s: jobs put back for another worker", exc)
        message.reject_log_error(log, self.connection_errors)
        _put_back(job_ids)

    def on_invalid_task(self, body: Any, message: Any, exc: Exception) -> None:
        _count()
        super().on_invalid_task(body, message, exc)


def _put_back(job_ids: Sequence[int]) -> None:
    try:
        with statement() as session:
            outbox.give_back(session, job_ids, PUT_BACK_SECONDS)
    except SQLAlchemyError as error:  # their entries fall due by themselves, only later
        log.warning("not put back: %s", error)
    _count("unknown_kind")


def _count(incident: str = "forged_message") -> None:
    try:
        with statement() as session:
            statistics.record_incident(session, incident)
    except SQLAlchemyError as error:  # it would end the worker, for a message that is not even ours
        log.warning("%s not counted: %s", incident, error)
