"""Callers take turns for the threads of an api process, however much one of them has sent."""

from itertools import pairwise
from threading import Event

from hypothesis import given
from hypothesis import strategies as st

from cli.http.turns import MAX_KNOWN, Callers, Turns
from tests.waiting import wait_until


def order_of(submitted: list[str]) -> list[str]:
    """Return the callers in the order in which their steps run on one thread that was busy until all were there."""
    turns, free, ran = Turns(1), Event(), []
    turns.submit("busy", free.wait)
    for caller in submitted:
        turns.submit(caller, lambda caller=caller: ran.append(caller))
    free.set()
    wait_until(lambda: len(ran) == len(submitted), 10, "a step did not run")
    turns.stop()
    return ran


def test_who_sends_little_does_not_wait_for_who_sends_much():
    assert order_of([*"a" * 1000, "b", "c", "b"])[:5] == ["a", "b", "c", "a", "b"]


@given(st.lists(st.sampled_from("abc"), max_size=30))
def test_every_step_runs_once_and_none_waits_for_two_of_another(submitted):
    ran = order_of(submitted)
    assert sorted(ran) == sorted(submitted)
    for caller in {*submitted}:
        for other in {*submitted} - {caller}:
            places = [-1, *(place for place, one in enumerate(ran) if one == caller)]
            between = [ran[start + 1 : end].count(other) for start, end in pairwise(places)]
            assert all(count <= 1 for count in between), (caller, other, ran)


def test_a_caller_is_known_by_the_header_until_many_others_came_later():
    callers = Callers()
    callers.note("Bearer one", 1)
    assert (callers.find("Bearer one"), callers.find("Bearer two"), callers.find("")) == (1, None, None)
    for number in range(MAX_KNOWN):
        callers.note(f"Bearer {number}", 2)
    assert callers.find("Bearer one") is None
