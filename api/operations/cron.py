"""Work without workers: a scheduler calls this address, and due jobs are run before it answers."""

import hmac
import time
from typing import Any

from flask import request
from marshmallow import fields

import settings
from api.http.blueprint import OPEN, Blueprint
from api.http.problems import Refused
from api.http.schema import CamelSchema
from domain.jobs import inline

cron_api = Blueprint("cron", __name__, description="Runs jobs where there are no workers.")


class Processed(CamelSchema):
    message = fields.String()
    processed = fields.Integer()
    succeeded = fields.Integer()
    failed = fields.Integer()
    duration = fields.Integer(metadata={"description": "Milliseconds."})


@cron_api.route("/api/v1/cron/process-jobs", OPEN)
@cron_api.doc(security=[{"cronSecret": []}])
@cron_api.response(200, Processed)
def process_jobs() -> Any:
    """Run due jobs for a bounded time, for installations without workers; takes COUNTERFOIL_CRON_SECRET as the key.

    It works for COUNTERFOIL_CRON_BUDGET seconds at the most, then answers how many jobs it ran.
    """
    _require_secret()
    started = time.monotonic()
    tally = inline.work_off(settings.current().cron_budget)
    duration = round((time.monotonic() - started) * 1000)
    return {"message": "Job processing complete", "duration": duration} | tally._asdict()


def _require_secret() -> None:
    challenge = {"WWW-Authenticate": "Bearer"}
    if not settings.current().cron_secret:
        raise Refused(401, "not switched on: set COUNTERFOIL_CRON_SECRET", headers=challenge)
    given = request.headers.get("Authorization", "").encode(errors="replace")
    if not hmac.compare_digest(given, f"Bearer {settings.current().cron_secret}".encode()):
        raise Refused(401, "send the secret: Authorization: Bearer SECRET", headers=challenge)
