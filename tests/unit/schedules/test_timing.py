"""Which slots are run by whoever was away."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.schedules.timing import MAX_CAUGHT_UP, CatchUp, Timing, schedule_error

BEGIN = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
HOURLY = Timing(None, 3600, "UTC", BEGIN)
NIGHTLY = Timing("0 3 * * *", None, "Europe/Sofia", BEGIN)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def test_an_interval_is_counted_from_its_anchor():
    assert HOURLY.after(BEGIN) == BEGIN + HOUR
    assert HOURLY.after(BEGIN + HOUR - MINUTE) == BEGIN + HOUR
    assert HOURLY.after(BEGIN + HOUR) == BEGIN + 2 * HOUR
    assert HOURLY.after(BEGIN - 90 * MINUTE) == BEGIN - HOUR, "a clock that was put back"


@pytest.mark.parametrize(
    ("catch_up", "hours"),
    [(CatchUp.SKIP, []), (CatchUp.ONCE, [25]), (CatchUp.ALL, list(range(1, 26)))],
)
def test_after_a_day_away(catch_up, hours):
    now = BEGIN + 25 * HOUR + 30 * MINUTE
    assert HOURLY.due(BEGIN + HOUR, now, catch_up) == [BEGIN + hour * HOUR for hour in hours]


@pytest.mark.parametrize("catch_up", CatchUp)
def test_a_slot_that_has_just_come_is_run_whatever_was_missed(catch_up):
    slots = HOURLY.due(BEGIN + HOUR, BEGIN + 5 * HOUR + timedelta(seconds=30), catch_up)
    assert slots[-1] == BEGIN + 5 * HOUR


def test_of_very_many_the_newest_are_made_up_for():
    every_minute = Timing("* * * * *", None, "Europe/Sofia", BEGIN)
    slots = every_minute.due(BEGIN, BEGIN + 365 * 24 * HOUR, CatchUp.ALL)
    assert (len(slots), slots[-1]) == (MAX_CAUGHT_UP, BEGIN + 365 * 24 * HOUR)


def test_a_slot_of_long_ago_is_found():
    assert NIGHTLY.due(BEGIN - 700 * HOUR, BEGIN, CatchUp.ONCE) == [BEGIN - 12 * HOUR]
    yearly = Timing("0 0 1 1 *", None, "UTC", BEGIN)
    assert yearly.due(datetime(2020, 1, 1, tzinfo=UTC), BEGIN, CatchUp.ONCE) == [datetime(2026, 1, 1, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("seconds", "meaning"),
    [(60, "Every minute"), (90, "Every 90 seconds"), (3600, "Every hour"), (900, "Every 15 minutes"),
     (172_800, "Every 2 days")],
)  # fmt: skip
def test_an_interval_is_told_in_words(seconds, meaning):
    assert Timing(None, seconds, "UTC", BEGIN).explained() == meaning


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        (("* * * * *", 60, "UTC", "once"), "one of them says it all"),
        ((None, 59, "UTC", "once"), "from 60 to"),
        (("* * * *", None, "UTC", "once"), "five fields"),
        (("* * * * *", None, "Mars/Olympus", "once"), "IANA time zone"),
        (("* * * * *", None, "UTC", "often"), "catch_up must be one of"),
    ],
)
def test_a_kind_that_declares_nonsense_is_told_so(declared, told):
    assert told in schedule_error(*declared)
    assert schedule_error(None, None, "UTC", "once") is None
