"""The Celery application. A task is a kind, so Flower speaks the domain's language."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import Celery, Task
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import configure_mappers

import settings
from db import traces
from db.transaction import is_transient, statement
from domain.jobs import canaries
from domain.jobs.execution import run_jobs
from domain.jobs.registry import Kind, kinds
from domain.jobs.upkeep.cleanup import clean
from domain.jobs.upkeep.sweep import keep_up
from settings import ConfigurationError, variable
from tasks import kinds as kinds_folder
from tasks import limits, transport  # noqa: F401  each connects itself
from tasks.message import read

log = logging.getLogger(__name__)

# Of each five minutes: the worker has other things to do.
CLEANUP_SECONDS = 5.0

# Celery says of each task that it came and went; a sweep every few seconds would fill the log of an idle worker.
for chatty in ("celery.worker.strategy", "celery.app.trace", "celery.beat"):
    logging.getLogger(chatty).setLevel(logging.WARNING)

app = Celery("counterfoil")
app.config_from_object("celeryconfig")
app.Worker = app.subclass_with_self("tasks.worker:Worker")


class JobsFailed(Exception):
    """Some jobs of a run failed: Flower shows its task as failed, with their numbers. The log has a line for each."""


def _register(kind: Kind) -> None:
    limit = settings.current().task_timeout
    if kind.soft_time_limit >= limit:
        raise ConfigurationError(
            f"{variable('task_timeout')} ({limit} s) must exceed the {kind.soft_time_limit} s of {kind.name}"
        )

    @app.task(name=kind.name, soft_time_limit=kind.soft_time_limit, time_limit=limit, throws=(JobsFailed,))
    def run(*args: Any, **body: Any) -> None:
        job_ids = read(args, body)
        with limits.process_ends_if_interrupted():
            failed = run_jobs(kind, job_ids)
        if failed:
            raise JobsFailed(f"{len(failed)} of {len(job_ids)} jobs failed: {', '.join(map(str, failed))}")


@contextmanager
def again_soon(name: str) -> Iterator[None]:
    """Say in one line that the database is away: the task is sent again within seconds or minutes anyhow."""
    try:
        yield
    except SQLAlchemyError as error:
        if not is_transient(error):
            raise
        log.warning("%s is left to the next one: the database is away (%s)", name, type(error).__name__)


# Without events for Flower, whose list they would fill.
@app.task(name="queue.sweep", send_events=False)
def sweep() -> None:
    """Sweep the jobs whose lease has run out, and mend the outbox; two at once sweep no job twice."""
    with again_soon("queue.sweep"), traces.span("sweep"):
        keep_up()


@app.task(name="queue.cleanup", send_events=False)
def cleanup() -> None:
    """Delete what is past its retention."""
    with again_soon("queue.cleanup"), traces.span("cleanup"):
        clean(CLEANUP_SECONDS)


@app.task(name=canaries.TASK, bind=True, send_events=False)
def canary(task: Task) -> None:
    """Answer the canary of the lane that it came by."""
    with again_soon(canaries.TASK), statement() as session:
        canaries.answer(session, task.request.delivery_info["routing_key"])


kinds_folder.load()
for kind in kinds():
    _register(kind)
configure_mappers()  # now, for all children, and not in the first job's time
