import logging
import time
from typing import Any

from flask import current_app
from marshmallow import fields
from sqlalchemy.orm import Session

from api.http.blueprint import OPEN, Blueprint
from api.http.fields import Choice
from api.http.problems import unavailable
from api.http.schema import CamelSchema
from db import condition
from db.transaction import transaction
from domain.jobs.monitoring import processes
from domain.jobs.monitoring.processes import Life

log = logging.getLogger(__name__)
health_api = Blueprint("health", __name__, description="Whether the API can do its work.")


DISK_PROBED_EVERY_S = 60.0
EXTENSION = "counterfoil.disk_probe"


class DiskProbe:
    """Says when the server's disk is to be written to again: a minute after it could be, at once while it cannot."""

    def __init__(self) -> None:
        self._due_at = 0.0

    @property
    def due(self) -> bool:
        """Return whether nobody knows that the disk has room."""
        return time.monotonic() >= self._due_at

    def succeeded(self) -> None:
        """Take note that the disk has room now."""
        self._due_at = time.monotonic() + DISK_PROBED_EVERY_S


class Parts(CamelSchema):
    """How the parts behind the API are seen: what it accepts waits until one of each is alive."""

    relay = Choice(*Life)
    worker = Choice(*Life)
    io = Choice(*Life)
    ocr = Choice(*Life)
    beat = Choice(*Life)


class Health(CamelSchema):
    status = Choice("ok")
    parts = fields.Nested(
        Parts,
        metadata={
            "description": "`silent`: it has missed three heartbeats. `idle`: it lives and does nothing. `missing`: "
            "none has been seen for an hour, or it ended as it should. `/api/v1/admin/processes` shows each process."
        },
    )


@health_api.route("/api/v1/health", OPEN)
@health_api.response(200, Health)
@health_api.doc(security=[])
def show_health() -> dict[str, Any]:
    """Answer 200 while requests can be accepted, which takes the database and nothing else.

    It needs no key. 503 says that the database cannot be used now; the log has the reason. `parts` says who would go on
    with what is accepted.
    """
    try:
        with transaction() as session:
            _check(session, current_app.extensions[EXTENSION])
            return {"status": "ok", "parts": processes.parts(session)}
    except condition.Unusable as error:
        log.error("not healthy: %s", error)
        raise unavailable(f"requests cannot be accepted: {error}") from None


def _check(session: Session, probe: DiskProbe) -> None:
    due = probe.due
    try:
        condition.check(session, disk=due)
    except condition.SchemaNewer as error:  # this process may go on; only a new one must not start
        log.warning("%s", error)
    if due:
        probe.succeeded()
