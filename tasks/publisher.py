import logging
from collections.abc import Mapping
from typing import Any

from celery import Celery
from kombu import Connection
from kombu.exceptions import OperationalError

import settings
from domain.jobs.dispatch.grouping import Group
from tasks.message import body

log = logging.getLogger(__name__)


class BrokerAway(Exception):
    """The broker does not take messages now; what was to be sent is still in the outbox."""


class Publisher:
    """Sends messages over one connection. No call blocks longer than the broker's timeouts."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._connection: Connection | None = None
        transport = app.connection_for_write()
        # Channel errors too: a broker that is full or read-only refuses a publish by one.
        self._errors = (OperationalError, *transport.connection_errors, *transport.channel_errors)

    def connect(self) -> None:
        """Be connected, or raise BrokerAway."""
        if self._connection is not None:
            return
        connection = self._app.connection_for_write()
        try:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=connection.connect_timeout)
            self._producer = self._app.amqp.Producer(connection.default_channel, auto_declare=False)
        except self._errors as error:
            connection.release()
            raise BrokerAway(str(error)) from error
        self._connection = connection

    def publish(self, message: Group) -> None:
        """Hand `message` to the broker, or raise BrokerAway."""
        self.send(message.kind, message.lane, body(message.job_ids))

    def send(self, task: str, lane: str, arguments: Mapping[str, Any]) -> None:
        """Hand the call of a task to the broker, or raise BrokerAway."""
        try:
            self._app.send_task(
                task,
                kwargs=dict(arguments),
                queue=lane,
                producer=self._producer,
                retry=False,
                timeout=settings.current().broker_timeout,
                confirm_timeout=settings.current().broker_timeout,
            )
        except self._errors as error:
            self.close()
            raise BrokerAway(str(error)) from error

    def depth(self, lane: str) -> int:
        """Return how many messages `lane` holds, after making its queue if need be; or raise BrokerAway."""
        try:
            return self._app.amqp.queues[lane].bind(self._producer.channel).queue_declare().message_count
        except self._errors as error:
            self.close()
            raise BrokerAway(str(error)) from error

    def close(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.release()
