"""When a schedule is due, and which of the slots that were missed are made up for."""

from collections import deque
from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from domain.errors import Invalid
from domain.schedules import cron

MIN_INTERVAL_S, MAX_INTERVAL_S = 60, 366 * 86_400
MAX_CAUGHT_UP = 100
# What is later than that was missed.
ON_TIME = timedelta(seconds=MIN_INTERVAL_S)
INSTANT = timedelta(microseconds=1)
UNITS = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
# Where the newest slots are looked for first, and how much farther each time.
WINDOW, WIDER = timedelta(hours=1), 24


class CatchUp(StrEnum):
    """What becomes of slots that came while nobody could run them: none is run, the newest, or up to MAX_CAUGHT_UP."""

    SKIP = "skip"
    ONCE = "once"
    ALL = "all"


class Timing(NamedTuple):
    """A cron expression in a time zone, or else an interval of so many seconds, counted from `anchor`."""

    cron: str | None
    every_seconds: int | None
    time_zone: str
    anchor: datetime

    def after(self, moment: datetime) -> datetime | None:
        """Return the first slot after `moment`, None if none ever comes."""
        if self.cron:
            return cron.after(self.cron, self.time_zone, moment)
        step = timedelta(seconds=self.every_seconds or MIN_INTERVAL_S)
        return self.anchor + ((moment - self.anchor) // step + 1) * step

    def coming(self, moment: datetime, count: int) -> list[datetime]:
        """Return the next slots after `moment`, up to `count`."""
        slots: list[datetime] = []
        while len(slots) < count and (slot := self.after(slots[-1] if slots else moment)):
            slots.append(slot)
        return slots

    def due(self, first: datetime, now: datetime, catch_up: CatchUp) -> list[datetime]:
        """Return the slots from `first` to `now` that are to be run, oldest first."""
        newest = self._newest(first, now, MAX_CAUGHT_UP if catch_up == CatchUp.ALL else 1)
        return [slot for slot in newest if catch_up != CatchUp.SKIP or now - slot < ON_TIME]

    def _newest(self, first: datetime, now: datetime, most: int) -> list[datetime]:
        window = WINDOW
        while True:
            begin = max(first, now - window)
            slots = deque(self._between(begin - INSTANT, now), maxlen=most)
            if len(slots) == most or begin == first:
                return list(slots)
            window *= WIDER

    def _between(self, moment: datetime, now: datetime) -> Iterator[datetime]:
        slot = self.after(moment)
        while slot and slot <= now:
            yield slot
            slot = self.after(slot)

    def explained(self) -> str:
        """Return what it means, as a sentence without its full stop."""
        if self.cron:
            return f"{cron.explained(self.cron)} ({self.time_zone})"
        seconds = self.every_seconds or 0
        size, unit = next((size, unit) for size, unit in UNITS if seconds % size == 0)
        return f"Every {unit}" if seconds == size else f"Every {seconds // size} {unit}s"


def schedule_error(cron_expression: str | None, every: int | None, time_zone: str, catch_up: str) -> str | None:
    """Say what is wrong with the schedule that a kind declares, None if nothing is, or if it declares none."""
    if cron_expression and every is not None:
        return "every and cron are given: one of them says it all"
    if every is not None and not MIN_INTERVAL_S <= every <= MAX_INTERVAL_S:
        return f"every must be from {MIN_INTERVAL_S} to {MAX_INTERVAL_S} seconds"
    if catch_up not in set(CatchUp):
        return f"catch_up must be one of: {', '.join(CatchUp)}"
    try:
        checked(cron_expression, time_zone)
    except Invalid as invalid:
        return str(invalid)
    return None


def checked(cron_expression: str | None, time_zone: str) -> str | None:
    """Return the expression as it is kept, None if there is none; raise Invalid, which names each wrong field."""
    errors: dict[str, list[str]] = {}
    if time_zone not in cron.time_zones():
        errors["timeZone"] = ["must be an IANA time zone such as Europe/Sofia"]
    try:
        cron_expression = cron_expression and cron.checked(cron_expression)
    except ValueError as error:
        errors["cron"] = [str(error)]
    if errors:
        raise Invalid.fields(errors)
    return cron_expression
