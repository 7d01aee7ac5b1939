"""Shares: half while another asks, all but the reserve alone, and a newcomer never behind more than one."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.shares import ASKED_FOR_S, PROMPT_S, OverShare, Shares

ONE, TWO, THREE = 1, 2, 3


class Clock:
    """A clock that stands until it is put forward."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def taken(shares: Shares, organization_id: int, wanted: int) -> list[Callable[[], None]]:
    """Ask for `wanted` slots; return the ways back of those that were given."""
    given: list[Callable[[], None]] = []
    for _ in range(wanted):
        with suppress(OverShare):
            given.append(shares.take(organization_id))
    return given


def test_one_that_is_alone_and_prompt_uses_every_slot(clock):
    shares = Shares(8, clock)
    assert len(taken(shares, ONE, 20)) == 8
    with pytest.raises(OverShare) as refused:
        shares.take(ONE)
    assert refused.value.own


def test_one_that_keeps_its_slots_never_gets_the_last(clock):
    shares = Shares(8, clock)
    assert len(taken(shares, ONE, 5)) == 5
    clock.now += PROMPT_S * 2
    assert len(taken(shares, ONE, 20)) == 2
    assert len(taken(shares, TWO, 1)) == 1, "the reserve was not there for a newcomer"


def test_slots_that_are_held_for_long_by_their_nature_are_never_lent_to_the_last(clock):
    shares = Shares(8, clock, prompt_s=0)
    assert len(taken(shares, ONE, 20)) == 7


def test_slots_that_are_not_lent_are_half_even_for_one_that_is_alone(clock):
    shares = Shares(8, clock, lent=False)
    assert len(taken(shares, ONE, 20)) == 4
    assert len(taken(shares, TWO, 20)) == 3, "the last slot is for one that holds none"
    assert len(taken(shares, THREE, 20)) == 1


def test_while_another_asks_it_is_half(clock):
    shares = Shares(8, clock)
    taken(shares, TWO, 1)[0]()
    assert len(taken(shares, ONE, 20)) == 4
    assert len(taken(shares, TWO, 20)) == 3, "the last slot is for one that holds none"
    assert len(taken(shares, THREE, 20)) == 1


def test_one_that_has_left_is_forgotten(clock):
    shares = Shares(8, clock)
    taken(shares, TWO, 1)[0]()
    clock.now += ASKED_FOR_S * 2
    assert len(taken(shares, ONE, 20)) == 8


def test_one_that_is_refused_counts_as_one_that_asks(clock):
    shares = Shares(4, clock)
    first = taken(shares, ONE, 4)
    with pytest.raises(OverShare) as refused:
        shares.take(TWO)
    assert not refused.value.own
    first[0]()
    with pytest.raises(OverShare):
        shares.take(ONE)
    assert taken(shares, TWO, 1)


def test_a_slot_is_given_back_once(clock):
    shares = Shares(2, clock)
    with pytest.raises(ZeroDivisionError), shares.share(ONE):
        1 / 0  # noqa: B018
    first, second = taken(shares, ONE, 2)
    first()
    first()
    assert len(taken(shares, TWO, 2)) == 1
    second()


@pytest.mark.parametrize("slots", [1, 2, 3])
def test_few_slots_are_still_slots(slots, clock):
    shares = Shares(slots, clock)
    assert len(taken(shares, ONE, 9)) == slots


PAUSES = st.sampled_from([0.0, PROMPT_S / 2, PROMPT_S * 1.2, ASKED_FOR_S * 2])


@given(st.integers(1, 9), st.lists(st.tuples(st.integers(1, 4), PAUSES), max_size=60))
def test_a_newcomer_never_waits_for_more_than_one_to_end(slots, asks):
    """Whatever was asked for before: if all slots are taken, the next that ends is the newcomer's."""
    clock = Clock()
    shares = Shares(slots, clock)
    held: list[Callable[[], None]] = []
    for organization_id, pause in asks:
        clock.now += pause
        held += taken(shares, organization_id, 1)
        assert len(held) <= slots
    newcomer = 99
    if not taken(shares, newcomer, 1):
        held[0]()
        for organization_id in {organization_id for organization_id, _ in asks}:
            if shares._held.get(organization_id):
                assert not taken(shares, organization_id, 1), "one that holds a slot took the newcomer's"
        assert taken(shares, newcomer, 1)
