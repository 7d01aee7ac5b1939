"""Each wait is twice the one before, within a tenth, and a day at most."""

from hypothesis import given
from hypothesis import strategies as st

from domain.jobs import backoff

DAY = 86_400


@given(st.floats(0.01, 3600), st.integers(1, 32_767))
def test_the_wait_doubles_and_ends_at_a_day(base, attempts):
    exact = min(base * 2 ** min(attempts - 1, 40), DAY)
    assert exact * 0.9 <= backoff.delay(base, attempts) <= exact * 1.1


def test_two_minutes_and_then_four():
    assert 108 <= backoff.delay(120, 1) <= 132
    assert 216 <= backoff.delay(120, 2) <= 264


def test_the_retries_of_an_outage_do_not_come_back_at_once():
    waits = {round(backoff.delay(120, 1)) for _ in range(200)}
    assert len(waits) > 10
