"""When a benchmark calls a chain that was hurt as fast as before."""

import pytest

from bench.load import SPAN, TICKS, seconds_until_back, slowest_later

FAST = [1000] * SPAN


def ticks(*seconds: int) -> list[int]:
    return [jobs // TICKS for jobs in seconds for _ in range(TICKS)]


def test_what_was_never_slow_is_back_at_once():
    assert seconds_until_back(ticks(1000, 980, *FAST), before=1000) == 0


def test_what_was_in_hand_does_not_count_as_recovered():
    assert seconds_until_back(ticks(1000, 0, 0, *FAST, *FAST), before=1000) == 3


def test_less_than_before_is_not_yet_back():
    assert seconds_until_back(ticks(*[600] * 40, *FAST, *FAST), before=1000) == pytest.approx(40, abs=0.15)


def test_fast_seconds_that_follow_do_not_hide_an_outage():
    assert seconds_until_back(ticks(0, 0, *[1300] * 20), before=1000) == pytest.approx(2, abs=0.3)


def test_one_fast_second_is_not_yet_back():
    assert seconds_until_back(ticks(600, 1200, *[600] * 20), before=1000) == 22


def test_what_never_comes_back_takes_all_the_time():
    assert seconds_until_back(ticks(0, 500, *[940] * 20), before=1000) == 22
    assert slowest_later(ticks(0, 500, *[940] * 20), before=1000) == 0


def test_a_later_lull_counts_as_the_share_that_its_slowest_seconds_have():
    lull = [1000] * (SPAN // 2) + [0] * (SPAN // 2)
    assert slowest_later(ticks(0, 0, *FAST, *lull, *FAST), before=1000) == 0.5
