"""The Celery application. A task is a kind, so Flower speaks the domain's language."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import Celery
from sqlalchemy.exc import SQLAlchemyError

from db import history, queue
from db.transaction import is_transient, statement, transaction
from domain.jobs.execution import deliver
from domain.jobs.registry import Kind, kinds
from domain.jobs.upkeep import Upkeep
from settings import ConfigurationError, settings, variable
from tasks import kinds as kinds_folder
from tasks import limits  # noqa: F401  connects itself
from tasks.message import ForgedMessage, read

log = logging.getLogger(__name__)

CLEANUP_TURNS = 100

upkeep = Upkeep()

app = Celery("counterfoil")
app.config_from_object("celeryconfig")


def _register(kind: Kind) -> None:
    if kind.timeout >= settings.task_timeout:
        raise ConfigurationError(
            f"{variable('task_timeout')} ({settings.task_timeout} s) must exceed the {kind.timeout} s of {kind.name}"
        )

    @app.task(name=kind.name, soft_time_limit=kind.timeout, time_limit=settings.task_timeout)
    def run(*args: Any, **body: Any) -> None:
        try:
            job_ids = read(args, body)
        except ForgedMessage as forged:
            log.warning("%s: message ignored: %s", kind.name, forged)
            with statement() as session:
                queue.record_incident(session, "forged_message")
            return
        deliver(kind, job_ids)


@app.task(name="queue.sweep")
def sweep() -> None:
    """Sweep the jobs whose lease has run out, and mend the outbox; two at once share the rows."""
    with statement() as session:
        upkeep.sweep(session)
    with statement() as session:
        upkeep.mend(session)


@app.task(name="queue.cleanup")
def cleanup() -> None:
    """Delete what is past its retention, in short transactions; what is left is the next run's."""
    with _tolerance():
        _turn_weeks()
    with _tolerance():
        _delete_rows()


@contextmanager
def _tolerance() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        if not is_transient(error):
            raise
        log.info("cleanup: %s; the rest is left to the next one", type(error).__name__)


def _turn_weeks() -> None:
    with transaction() as session:
        history.make_weeks(session)
    dropped = True
    while dropped:
        with transaction() as session:
            dropped = history.drop_week(session, settings.job_retention_days)


def _delete_rows() -> None:
    for _ in range(CLEANUP_TURNS):
        with transaction() as session:
            done = queue.clean(
                session,
                settings.job_retention_days,
                settings.failed_job_retention_days,
                settings.idempotency_retention_hours,
            )
        if not done:
            return


kinds_folder.load()
for kind in kinds():
    _register(kind)
