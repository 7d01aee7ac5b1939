from marshmallow import fields

from api.http.fields import Choice, Instant
from api.http.schema import CamelSchema
from api.jobs.schemas import STATUSES
from domain.schedules.timing import CatchUp


class Schedule(CamelSchema):
    """A schedule. `meaning` is its time in words; `lastError` says why the last slot made no job."""

    id = fields.Integer()
    name = fields.String()
    type = fields.String(attribute="kind")
    payload = fields.Dict()
    cron = fields.String(allow_none=True)
    every_seconds = fields.Integer(allow_none=True)
    time_zone = fields.String()
    meaning = fields.String()
    catch_up = Choice(*CatchUp)
    enabled = fields.Boolean()
    disabled_reason = fields.String(allow_none=True)
    declared = fields.Boolean(metadata={"description": "By its type, for the installation: an operator may pause it."})
    next_at = Instant(allow_none=True)
    last_slot = Instant(allow_none=True, description="When the last job was due; it came a little later.")
    last_job_id = fields.Integer(allow_none=True)
    last_job_status = fields.String(
        allow_none=True,
        metadata={"enum": [*STATUSES, None], "description": "null once it is not kept."},
    )
    last_error = fields.String(allow_none=True)
    created_at = Instant()
    updated_at = Instant()
