"""When a benchmark calls a chain that was hurt as fast as before."""

from bench.load import BEGINS, LULL, TICKS, seconds_until_back, slowest_later


def ticks(*seconds: int) -> list[int]:
    return [jobs // TICKS for jobs in seconds for _ in range(TICKS)]


def test_what_was_never_slow_is_back_at_once():
    assert seconds_until_back(ticks(1000, 980, 1000), before=1000) == 0


def test_what_was_in_hand_does_not_count_as_recovered():
    assert seconds_until_back(ticks(1000, 0, 0, 1000, 1000), before=1000) == 3


def test_less_than_before_is_not_yet_back():
    assert seconds_until_back(ticks(0, 900, 900, 1000), before=1000) == 2.5


def test_a_late_lull_is_another_matter():
    assert seconds_until_back(ticks(0, 1000, 1000, 0, 0), before=1000) == 1


def test_what_never_comes_back_takes_all_the_time():
    assert seconds_until_back(ticks(0, 500, 900, 940), before=1000) == 4


def test_a_lull_that_begins_long_after_the_fault_is_not_its_own():
    assert seconds_until_back(ticks(*[1000] * 12, 0, 1000), before=1000) == 0


def test_a_later_lull_counts_as_the_share_that_its_slowest_seconds_have():
    lull = [1000] * (LULL // 2) + [0] * (LULL // 2)
    assert slowest_later(ticks(*[0] * BEGINS, *[1000] * LULL, *lull, *[1000] * LULL), before=1000) == 0.5
