"""The Celery application. A task is a kind, so Flower speaks the domain's language."""

import logging
from typing import Any

from celery import Celery

from db import outbox, queue
from db.transaction import transaction
from domain.jobs.execution import deliver
from domain.jobs.registry import Kind, kinds
from settings import settings
from tasks import kinds as kinds_folder
from tasks.message import ForgedMessage, read

log = logging.getLogger(__name__)

app = Celery("counterfoil")
app.config_from_object("celeryconfig")


def _register(kind: Kind) -> None:
    @app.task(name=kind.name, soft_time_limit=kind.timeout, time_limit=settings.task_timeout)
    def run(*args: Any, **body: Any) -> None:
        try:
            job_ids = read(**body) if not args else read(args=args)
        except ForgedMessage as forged:
            log.warning("%s: message ignored: %s", kind.name, forged)
            with transaction() as session:
                queue.record_incident(session, "forged_message")
            return
        deliver(kind, job_ids)


@app.task(name="queue.sweep")
def sweep() -> None:
    """Re-drive what a dead worker left behind; two at once share the rows."""
    with transaction() as session:
        queue.sweep(session)
        outbox.mend(session)


@app.task(name="queue.cleanup")
def cleanup() -> None:
    """Delete what is past its retention, in short transactions until nothing is left."""
    deleted = -1
    while deleted != 0:
        with transaction() as session:
            deleted = queue.clean(session, settings.job_retention_days, settings.idempotency_retention_hours)


kinds_folder.load()
for kind in kinds():
    _register(kind)
