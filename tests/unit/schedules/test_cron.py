"""When a cron expression comes, against times reckoned by hand: over daylight saving both ways, and leap days."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile

import pytest

from domain.schedules import cron
from settings import child_environment
from tests import processor
from tests.architecture.sources import ROOT

SOFIA, NEW_YORK, LORD_HOWE = "Europe/Sofia", "America/New_York", "Australia/Lord_Howe"
# Zone, expression, a time, and those that follow it; all in UTC. What the clock on the wall shows is beside it.
TABLE = (
    # Sofia: at 01:00 on 29 March from 03:00 to 04:00, at 01:00 on 25 October from 04:00 to 03:00.
    (SOFIA, "30 3 * * *", "03-27 12:00", ["03-28 01:30", "03-29 01:00", "03-30 00:30"]),  # 03:30, 04:00, 03:30
    (SOFIA, "15,45 3 * * *", "03-28 12:00", ["03-29 01:00", "03-30 00:15", "03-30 00:45"]),  # 04:00 once
    (SOFIA, "0 4 * * *", "03-28 12:00", ["03-29 01:00", "03-30 01:00"]),
    (SOFIA, "*/30 * * * *", "03-29 00:15", ["03-29 00:30", "03-29 01:00", "03-29 01:30"]),  # 02:30, 04:00, 04:30
    (SOFIA, "30 3 * * *", "10-24 12:00", ["10-25 00:30", "10-26 01:30"]),  # the first 03:30 alone
    (SOFIA, "30 3 * * *", "10-25 01:10", ["10-26 01:30"]),  # begun in the hour that comes again
    (SOFIA, "*/30 * * * *", "10-25 00:15", ["10-25 00:30", "10-25 01:00", "10-25 01:30", "10-25 02:00"]),
    (SOFIA, "*/30 3 25 10 *", "10-25 00:15", ["10-25 00:30", "10-25 01:00", "10-25 01:30"]),  # 03:30, 03:00, 03:30
    # New York: at 07:00 on 8 March from 02:00 to 03:00, at 06:00 on 1 November from 02:00 to 01:00.
    (NEW_YORK, "30 2 * * *", "03-07 06:00", ["03-07 07:30", "03-08 07:00", "03-09 06:30"]),
    (NEW_YORK, "30 1 * * *", "10-31 12:00", ["11-01 05:30", "11-02 06:30"]),
    (NEW_YORK, "0 * * * *", "11-01 04:30", ["11-01 05:00", "11-01 06:00", "11-01 07:00"]),
    (NEW_YORK, "0 9 * * 1-5", "03-06 12:00", ["03-06 14:00", "03-09 13:00"]),
    # Lord Howe: at 15:00 on 4 April from 02:00 to 01:30, at 15:30 on 3 October from 02:00 to 02:30.
    (LORD_HOWE, "45 1 * * *", "04-03 12:00", ["04-03 14:45", "04-04 14:45", "04-05 15:15"]),
    (LORD_HOWE, "*/15 1 * * *", "04-04 14:20", ["04-04 14:30", "04-04 14:45", "04-04 15:00", "04-04 15:15",
                                                "04-05 14:30"]),
    (LORD_HOWE, "0 */3 * * *", "04-04 12:30", ["04-04 13:00", "04-04 16:30", "04-04 19:30"]),  # 00:00, 03:00, 06:00
    (LORD_HOWE, "15 2 * * *", "10-02 12:00", ["10-02 15:45", "10-03 15:30", "10-04 15:15"]),  # 02:15, 02:30, 02:15
    (LORD_HOWE, "0 */3 * * *", "10-03 13:00", ["10-03 13:30", "10-03 16:00", "10-03 19:00"]),
    # Zones whose clocks stay as they are.
    ("Asia/Tokyo", "0 9 * * *", "03-28 00:00", ["03-29 00:00", "03-30 00:00"]),
    ("Asia/Kolkata", "0 0 * * *", "10-24 12:00", ["10-24 18:30", "10-25 18:30"]),
    ("UTC", "*/20 * * * *", "12-31 23:30", ["12-31 23:40", "2027-01-01 00:00"]),
    # Leap days: 2100 has none.
    ("UTC", "0 0 29 2 *", "01-01 00:00", ["2028-02-29 00:00", "2032-02-29 00:00"]),
    ("UTC", "0 0 29 2 *", "2096-03-01 00:00", ["2104-02-29 00:00"]),
    (SOFIA, "0 12 L * *", "2028-02-01 00:00", ["2028-02-29 10:00", "2028-03-31 09:00"]),
    ("UTC", "0 0 31 * *", "01-31 00:00", ["03-31 00:00", "05-31 00:00"]),
)  # fmt: skip
REFUSED = {
    "0 0 30 2 *": "names a day that its months never have",
    "0 0 31 4,6 *": "names a day that its months never have",
    "* * * *": "must have five fields",
    "* * * * * *": "must have five fields",
    "": "must have five fields",
    "61 * * * *": "cannot be read: bad minute",
    "0 24 * * *": "cannot be read: bad hour",
    "0 0 1 13 *": "cannot be read: bad month",
    "0 0 32 * *": "cannot be read: bad day-of-month",
    "0 0 * * 8": "cannot be read: bad day-of-week",
    "@daily x y z w": "cannot be read: bad minute",
    "*/0 * * * *": "cannot be read: bad minute",
}


def moment(text: str) -> datetime:
    """Return a time in UTC; the year is 2026 unless it says another."""
    return datetime.fromisoformat(text if text.count("-") == 2 else f"2026-{text}").replace(tzinfo=UTC)


def times(zone: str, expression: str, begin: datetime):
    while begin:
        begin = cron.after(expression, zone, begin)
        yield begin


@pytest.mark.parametrize(("zone", "expression", "begin", "expected"), TABLE)
def test_a_slot_comes_when_it_should(zone, expression, begin, expected):
    found = list(islice(times(zone, expression, moment(begin)), len(expected)))
    assert found == [moment(one) for one in expected]


DAILY = sorted({(zone, expression) for zone, expression, *_ in TABLE if expression.endswith("* * *")})


@pytest.mark.parametrize(("zone", "expression"), DAILY)
def test_the_slots_are_the_same_wherever_one_begins(zone, expression):
    """A waker begins at any moment: over a change of the clock it must neither see a slot twice nor pass one over."""
    for change in ("03-08 07:00", "03-29 01:00", "04-04 15:00", "10-03 15:30", "10-25 01:00", "11-01 06:00"):
        begin = moment(change) - timedelta(hours=3)
        end = begin + timedelta(hours=6)
        near = list(takewhile(lambda slot, end=end: slot <= end, times(zone, expression, begin)))
        for minutes in range(0, 360, 7):
            at = begin + timedelta(minutes=minutes, seconds=0.5)
            if coming := [slot for slot in near if slot > at]:
                assert cron.after(expression, zone, at) == coming[0]
            else:
                assert cron.after(expression, zone, at) > end


@pytest.mark.parametrize("expression", REFUSED)
def test_what_means_nothing_is_refused_in_words(expression):
    with pytest.raises(ValueError, match=REFUSED[expression]):
        cron.checked(expression)


def test_a_slot_that_comes_once_in_ten_years_is_found_at_once():
    asked = ("* * * 2 5#5", "Europe/Sofia", datetime(2026, 11, 30, tzinfo=UTC))
    assert cron.after(*asked) == datetime(2036, 2, 28, 22, 0, tzinfo=UTC)
    assert processor.seconds(lambda: cron.after(*asked)) < 0.3, "whoever makes such schedules keeps a server busy"


def test_an_expression_is_kept_with_single_spaces_and_explained():
    assert cron.checked("  0   9  L * * ") == "0 9 L * *"
    assert cron.explained("0 9 L * *") == "At 09:00 on the last day of every month"


def test_zones_are_known_where_the_system_has_no_data():
    code = f"""from domain.schedules.timing import Timing, checked
from datetime import UTC, datetime
print(Timing(checked("0 9 * * *", "{SOFIA}"), None, "{SOFIA}", None).after(datetime(2026, 7, 1, tzinfo=UTC)))"""
    environment = child_environment(PYTHONTZPATH="")
    told = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, cwd=ROOT)
    assert (told.stdout, told.stderr) == ("2026-07-01 06:00:00+00:00\n", "")


@pytest.mark.parametrize("name", ["localtime", "Factory", "", "europe/sofia", "posix/UTC"])
def test_a_name_that_means_no_place_or_another_one_on_each_machine_is_no_zone(name):
    assert name not in cron.time_zones()
