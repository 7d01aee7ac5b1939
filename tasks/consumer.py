"""The worker's end of the broker: it outlives the broker, and refuses every message that is none of ours."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

from celery.worker import consumer, control
from kombu.exceptions import ContentDisallowed, DecodeError
from sqlalchemy.exc import SQLAlchemyError

from db import outbox, statistics
from db.transaction import statement
from domain.jobs.registry import registered
from tasks.message import MALFORMED, ForgedMessage, read, read_call, read_headers

log = logging.getLogger(__name__)

# Long enough that two workers of different versions do not play ball with a message.
PUT_BACK_SECONDS = 1.0


# A worker is stopped by a signal and a job is cancelled in its row; through the broker it is only looked at.
# Flower asks for events and for a heartbeat as it starts, and shows a worker's queues and kinds.
ANSWERED = ("ping", "stats", "enable_events", "heartbeat", "active_queues", "registered")
# Of these Flower expects a list, whatever it finds there.
LISTS = ("active", "scheduled", "reserved", "revoked")


class Commands(dict[str, Callable[..., Any]]):
    """The commands to all workers that are answered; another is refused, and counted if it was to change something."""

    def __missing__(self, name: str) -> Callable[..., Any]:
        asked = control.Panel.meta.get(name)

        def refuse(_state: Any, **_arguments: Any) -> dict[str, str] | list[str]:
            if name in LISTS:
                return []
            if asked is None or asked.type != "inspect":
                log.warning("command to the workers refused")
                _count("refused_command")
            return {"error": "refused"}

        return refuse


control.Panel.data = Commands({name: control.Panel.data[name] for name in ANSWERED})


class Consumer(consumer.Consumer):
    """Begins what the relay and beat have written; anything else is dropped and counted, and ends nothing."""

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        # Putting the messages in hand back into a broker that is gone would end the worker; the relay sends them again.
        if self.task_consumer is not None:
            self.task_consumer.channel.do_restore = False
        super().on_connection_error_after_connected(exc)

    def create_task_handler(self, *args: Any, **options: Any) -> Callable[[Any], None]:
        receive = super().create_task_handler(*args, **options)

        def on_task_received(message: Any) -> None:
            try:
                if message.headers["task"] in self.strategies:
                    _require_ours(message)
                    message.properties.pop("reply_to", None)
                receive(message)
            except (ContentDisallowed, DecodeError, *MALFORMED) as error:
                # Celery would take a KeyError for a lost connection, and get the same message again after it.
                self._refuse(message, error)

        return on_task_received

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        self._refuse(message, exc)

    def on_invalid_task(self, body: Any, message: Any, exc: Exception) -> None:
        self._refuse(message, exc)

    def on_unknown_task(self, body: Any, message: Any, exc: Exception) -> None:
        """Put the jobs of a kind that a newer worker may know back into the outbox; they are lost to nobody."""
        job_ids = read(*read_call(message.decode()))
        log.warning("unknown kind %s: jobs put back for another worker", exc)
        message.reject_log_error(log, self.connection_errors)
        _put_back(job_ids)

    def _refuse(self, message: Any, error: Exception) -> None:
        # Without what it says: that may be long, and somebody's secret.
        log.warning("message refused, it is none of ours (%s)", type(error).__name__)
        if not message.acknowledged:
            message.reject_log_error(log, self.connection_errors)
        _count("forged_message")


def _require_ours(message: Any) -> None:
    """Leave `message` the headers it needs; raise ForgedMessage unless the relay or beat may have written it."""
    args, named = read_call(message.decode())
    periodic = not registered(message.headers["task"])
    message.headers = read_headers(message.headers, periodic)
    if not periodic:
        read(args, named)
    elif args or named:
        raise ForgedMessage("periodic work takes no arguments")


def _put_back(job_ids: Sequence[int]) -> None:
    try:
        with statement() as session:
            outbox.give_back(session, job_ids, PUT_BACK_SECONDS)
    except SQLAlchemyError as error:  # their entries fall due by themselves, only later
        log.warning("not put back: %s", error)
    _count("unknown_kind")


def _count(incident: str) -> None:
    try:
        with statement() as session:
            statistics.record_incident(session, incident)
    except SQLAlchemyError as error:  # it would end the worker, for a message that is not even ours
        log.warning("%s not counted: %s", incident, error)
