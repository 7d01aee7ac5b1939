"""Rates: a burst, then the average, for the organization and the key alike; what is refused takes nothing."""

from domain.identity.rates import Allowance, Rates

OF_ALL, OF_KEY = Allowance("organization", 1, 10, 2), Allowance("key", 7, 5, 2)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def passed(rates: Rates, *allowances: Allowance) -> int:
    """Return how many requests pass until one is refused."""
    count = 0
    while rates.take(allowances)[1] is None:
        count += 1
    return count


def test_a_burst_passes_then_the_average():
    clock = Clock()
    rates = Rates(clock)
    assert passed(rates, OF_ALL) == 20
    clock.now += 1
    assert passed(rates, OF_ALL) == 10
    clock.now += 3600
    assert passed(rates, OF_ALL) == 20, "more was saved up than a burst"


def test_each_key_has_its_own_and_all_together_the_organizations():
    rates = Rates(Clock())
    assert passed(rates, OF_ALL, OF_KEY) == 10
    standings, spent = rates.take([OF_ALL, OF_KEY])
    assert spent
    assert (spent.allowance, spent.remaining, spent.wait_s) == (OF_KEY, 0, 1)
    assert [one.remaining for one in standings] == [10, 0], "a refused request took from the organization"
    other = OF_KEY._replace(id=8)
    assert passed(rates, OF_ALL, other) == 10
    assert rates.take([OF_ALL, OF_KEY._replace(id=9)])[1].allowance == OF_ALL


def test_a_standing_says_what_is_left_and_when_all_is_there_again():
    clock = Clock()
    rates = Rates(clock)
    [one], _ = rates.take([OF_ALL])
    assert (one.remaining, one.reset_s) == (19, 1)
    passed(rates, OF_ALL)
    clock.now += 0.5
    [one], _ = rates.take([OF_ALL])
    assert (one.remaining, one.reset_s) == (4, 2)
