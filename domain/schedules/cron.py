"""Cron expressions of five fields, in a time zone.

An expression with a fixed hour and minute comes once a day at the most: where the clock skips its time it comes as the
gap ends, and a time that exists twice counts the first time. One with `*` in either, `*/15` for example, goes by what
the clock on the wall shows. So it is in Debian's cron.
"""

from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

FIELDS = 5
MONTH = 3
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
# Any time does to see whether an expression can be read.
SOME_TIME = datetime(2026, 1, 1, tzinfo=UTC)
# Another one on each machine, and none at all.
NO_PLACES = {"localtime", "Factory"}


def checked(expression: str) -> str:
    """Return the expression with single spaces; raise ValueError, in words, if it means nothing or no time ever."""
    fields = expression.split()
    if len(fields) != FIELDS:
        raise ValueError("must have five fields: minute, hour, day of the month, month, day of the week")
    try:
        coming = next(CronSim(" ".join(fields), SOME_TIME), None)
    except CronSimError as error:
        if _is_readable([*fields[:MONTH], "*", *fields[MONTH + 1 :]]) and _is_readable([*"***", fields[MONTH], "*"]):
            raise ValueError("names a day that its months never have") from None
        raise ValueError(f"cannot be read: {str(error).lower()}") from None
    if coming is None:
        raise ValueError("names no time within the next 50 years")
    return " ".join(fields)


def _is_readable(fields: list[str]) -> bool:
    try:
        CronSim(" ".join(fields), SOME_TIME)
    except CronSimError:
        return False
    return True


@cache
def time_zones() -> frozenset[str]:
    """Return the names of the IANA time zones that are known here."""
    return frozenset(available_timezones() - NO_PLACES)


def explained(expression: str) -> str:
    """Return what the expression means, as a sentence without its full stop."""
    return CronSim(expression, SOME_TIME).explain()


def after(expression: str, time_zone: str, moment: datetime) -> datetime | None:
    """Return the first time after `moment` that the expression names, in UTC; None if none comes within 50 years."""
    zone = ZoneInfo(time_zone)
    times = CronSim(expression, moment.astimezone(zone))
    if times.fixup_tz is None:
        return _by_the_wall(expression, zone, moment)
    # In the hour that comes again, the library begins with times that were in the first.
    return next((at for found in times if (at := found.astimezone(UTC)) > moment), None)


def _by_the_wall(expression: str, zone: ZoneInfo, moment: datetime) -> datetime | None:
    """Return the first time at which the wall shows what the expression names.

    The library goes on by whole hours: where a zone moves by half an hour (Lord Howe), it leaves out times that exist.
    """
    begin = since = moment.astimezone(UTC).replace(microsecond=0)
    offset = _offset(zone, begin)
    while wall := next(CronSim(expression, (begin + offset).replace(tzinfo=None)), None):
        found = wall.replace(tzinfo=UTC) - offset
        change = _next_change(zone, since, found)
        if change is None:
            return found
        begin, since, offset = change - SECOND, change, _offset(zone, change)
    return None


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()


def _next_change(zone: ZoneInfo, since: datetime, until: datetime) -> datetime | None:
    """Return the first second after `since`, up to `until`, at which the zone has another offset than just before."""
    old = _offset(zone, since)
    while since < until:
        later = min(since + DAY, until)
        if _offset(zone, later) != old:
            return _bisected(zone, since, later)
        since = later
    return None


def _bisected(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    old = _offset(zone, before)
    seconds = range(1, int((after - before) / SECOND) + 1)
    at = bisect_left(seconds, True, key=lambda n: _offset(zone, before + n * SECOND) != old)
    return before + seconds[at] * SECOND
