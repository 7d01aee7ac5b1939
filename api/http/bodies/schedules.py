"""Schedules as operations and forms take them."""

from typing import Any

from marshmallow import ValidationError, validates_schema

from api.http.fields import Choice, Flag, Object, Text, Whole
from api.http.schema import Body
from domain.accounting.sources import KIND
from domain.schedules.timing import MAX_CAUGHT_UP, MAX_INTERVAL_S, MIN_INTERVAL_S, CatchUp

CRON = (
    "Five fields: minute, hour, day of the month, month, day of the week; also `L` (last day), `TUE#2`, `*/15`. A time "
    "of day that the clock skips in spring comes as the gap ends; one that comes twice in autumn counts once."
)
CATCH_UP = (
    "What becomes of slots that came while Counterfoil was away: `skip` runs none, `once` the newest, `all` the newest "
    f"{MAX_CAUGHT_UP}."
)


class ScheduleBody(Body):
    EXAMPLES = {
        "Every first of the month": {
            "name": "Monthly entries", "type": KIND, "payload": {"documents": [{"type": "invoice", "id": 1}]},
            "cron": "0 6 1 * *", "timeZone": "Europe/Sofia",
        },
        "Every hour, missed ones left out": {
            "name": "Hourly entries", "type": KIND, "payload": {"documents": [{"type": "invoice", "id": 1}]},
            "everySeconds": 3600, "catchUp": "skip",
        },
    }  # fmt: skip

    name = Text(200, required=True)
    type = Text(100, required=True, description="The type of its jobs: `listKinds` has all.")
    payload = Object(required=True, description="Each job's, in the fields of the type's schema.")
    cron = Text(100, description=CRON)
    every_seconds = Whole(
        MIN_INTERVAL_S, MAX_INTERVAL_S, allow_none=True, description="Instead of `cron`; counted from the change."
    )
    time_zone = Text(60, load_default="UTC", description="The IANA time zone in which `cron` is meant.")
    catch_up = Choice(*CatchUp, load_default=CatchUp.ONCE, description=CATCH_UP)
    enabled = Flag(load_default=True, description="A schedule that is not enabled makes no jobs.")

    @validates_schema
    def says_one_time(self, data: dict[str, Any], **_: Any) -> None:
        given = [name for name in ("cron", "every_seconds") if data.get(name)]
        if not given:
            raise ValidationError("is required, or everySeconds", "cron")
        if len(given) > 1:
            raise ValidationError("does not go together with everySeconds: send one of them", "cron")
