"""The Celery application. A task is a kind, so Flower speaks the domain's language."""

import logging
from typing import Any

from celery import Celery

from db import statistics
from db.transaction import statement
from domain.jobs.execution import run_jobs
from domain.jobs.registry import Kind, kinds
from domain.jobs.upkeep.cleanup import clean
from domain.jobs.upkeep.sweep import keep_up
from settings import ConfigurationError, settings, variable
from tasks import kinds as kinds_folder
from tasks import limits  # noqa: F401  connects itself
from tasks.message import ForgedMessage, read

log = logging.getLogger(__name__)

# Of each five minutes: the worker has other things to do.
CLEANUP_SECONDS = 5.0

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
                statistics.record_incident(session, "forged_message")
            return
        run_jobs(kind, job_ids)


@app.task(name="queue.sweep")
def sweep() -> None:
    """Sweep the jobs whose lease has run out, and mend the outbox; two at once sweep no job twice."""
    keep_up()


@app.task(name="queue.cleanup")
def cleanup() -> None:
    """Delete what is past its retention."""
    clean(CLEANUP_SECONDS)


kinds_folder.load()
for kind in kinds():
    _register(kind)
