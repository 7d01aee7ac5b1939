import logging
import time

from flask import current_app

from api.http.blueprint import Blueprint
from api.http.fields import Choice
from api.http.problems import unavailable
from api.http.schema import CamelSchema
from db import condition
from db.transaction import transaction

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


class Health(CamelSchema):
    status = Choice("ok")


@health_api.route("/api/v1/health")
@health_api.response(200, Health)
@health_api.doc(security=[])
def show_health() -> dict[str, str]:
    """Answer 200 while requests can be accepted, which takes the database and nothing else.

    It needs no key. 503 says that the database cannot be used now; the log has the reason.
    """
    probe: DiskProbe = current_app.extensions[EXTENSION]
    due = probe.due
    try:
        with transaction() as session:
            condition.check(session, disk=due)
        if due:
            probe.succeeded()
    except condition.SchemaNewer as error:  # this process may go on; only a new one must not start
        log.warning("%s", error)
    except condition.Unusable as error:
        log.error("not healthy: %s", error)
        raise unavailable(f"requests cannot be accepted: {error}") from None
    return {"status": "ok"}
