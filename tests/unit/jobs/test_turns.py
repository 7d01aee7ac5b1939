"""Turns: a higher rank first, shares by weight, nobody starves, and the stated bound for lower priorities."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.outbox import Entry, Stream, Turn, Waiting
from domain.jobs.dispatch.costs import Cost, Costs
from domain.jobs.dispatch.turns import LOWER_SHARE, Turns
from domain.jobs.priorities import MAX_OWN, ranked

START = datetime(2026, 1, 1, tzinfo=UTC)
FOR_EVER = 10**9


class Owed(NamedTuple):
    """The jobs of one stream that wait."""

    organization_id: int
    priority: int = 1
    jobs: int = FOR_EVER
    weight: int = 1
    kind: str = "k"
    age: int = 0
    free: int | None = None
    group_limit: int | None = None

    @property
    def stream(self) -> Stream:
        return Stream("default", self.priority, self.organization_id, self.kind)


class Lane:
    """Turns over streams that are worked off as they are handed out."""

    def __init__(self, *streams: Owed, costs: Mapping[str, float] | None = None) -> None:
        self.turns = Turns()
        self.left = dict(enumerate(streams))
        self.costs = costs or {"k": 0.01}
        self.known = Costs({kind: Cost(0.0, seconds) for kind, seconds in self.costs.items()})

    def waiting(self) -> list[Waiting]:
        return [
            Waiting(owed.stream, START - timedelta(seconds=owed.age), owed.weight, in_flight=0, free=owed.free)
            for owed in self.left.values()
            if owed.jobs
        ]

    def hand_out(self, seconds: float = 0.1, most: int = 1000) -> list[Entry]:
        waiting = self.waiting()
        turns = self.turns.following(waiting, seconds, most, self.known)
        entries = [entry for turn in turns for entry in self._taken(turn)]
        if entries:
            self.turns.charge(entries, waiting, self.known)
        return entries

    def _taken(self, turn: Turn) -> list[Entry]:
        for number, owed in self.left.items():
            if owed.stream == turn.stream and owed.jobs:
                taken = min(turn.most, owed.jobs)
                self.left[number] = owed._replace(jobs=owed.jobs - taken)
                return [Entry(0, owed.stream, "", owed.group_limit)] * taken
        raise AssertionError("a turn for nobody")


def work(entries: Sequence[Entry], costs: Mapping[str, float]) -> Counter[int]:
    done: Counter[int] = Counter()
    for entry in entries:
        done[entry.stream.organization_id] += costs[entry.stream.kind]
    return done


def test_a_rank_that_an_operator_gave_goes_first():
    lane = Lane(Owed(1, priority=100), Owed(2, priority=ranked(2), jobs=5))
    assert {entry.stream.organization_id for entry in lane.hand_out()} == {2}


def test_an_organizations_own_priority_goes_before_nobody_else():
    """A caller that asks for the highest gets the turns of one that asks for the lowest, in seconds of work."""
    lane = Lane(Owed(1, priority=0), Owed(2, priority=MAX_OWN), Owed(3))
    shares = work([entry for _ in range(300) for entry in lane.hand_out()], lane.costs)
    assert max(shares.values()) - min(shares.values()) <= 2 * 0.1, shares


@pytest.mark.parametrize("cost", [0.001, 0.5])
def test_it_orders_the_organizations_own_work_and_its_lower_priorities_get_their_tenth(cost):
    high, low = Owed(1, priority=MAX_OWN), Owed(1, priority=0, age=9)
    lane = Lane(high, low, Owed(2), costs={"k": cost})
    given = Counter(entry.stream for _ in range(2000) for entry in lane.hand_out(seconds=0.5))
    own = given[high.stream] + given[low.stream]
    assert own * cost == pytest.approx(given[Owed(2).stream] * cost, abs=2 * 0.5), "it took more than its turn"
    assert given[low.stream] == pytest.approx(LOWER_SHARE * own, rel=0.1)


def test_a_turn_of_an_organizations_lower_priority_is_no_longer_than_what_it_is_owed():
    lane = Lane(Owed(1, priority=2), Owed(1, priority=1))
    assert len(lane.hand_out(seconds=10)) == 1000
    lower = lane.hand_out(seconds=10)
    assert {entry.stream.priority for entry in lower} == {1}
    assert len(lower) == pytest.approx(1000 * LOWER_SHARE / (1 - LOWER_SHARE), abs=1)


def test_an_organizations_lower_priorities_share_their_tenth():
    levels = [Owed(1, priority=9), Owed(1, priority=2), Owed(1, priority=0)]
    lane = Lane(*levels)
    given = Counter(entry.stream for _ in range(2000) for entry in lane.hand_out())
    assert given[levels[1].stream] == pytest.approx(given[levels[2].stream], rel=0.1)


def test_an_account_of_own_priorities_is_kept_only_while_there_are_several():
    lane = Lane(Owed(1, priority=2), Owed(1, jobs=30))
    for _ in range(200):
        lane.hand_out()
    assert lane.turns._own == {}


@given(
    st.lists(st.integers(1, 5), min_size=2, max_size=6),
    st.lists(st.sampled_from([0.001, 0.02, 0.4, 2.0]), min_size=6, max_size=6),
)
@settings(max_examples=25, deadline=None)
def test_organizations_get_work_in_proportion_to_their_weights(weights, costs):
    """Shares differ by no more than what one turn gives: measured in seconds of work, not in jobs."""
    cost_of = {f"k{n}": cost for n, cost in enumerate(costs)}
    lane = Lane(*(Owed(n, weight=w, kind=f"k{n}") for n, w in enumerate(weights)), costs=cost_of)
    given_out = [entry for _ in range(400) for entry in lane.hand_out(seconds=0.5)]
    shares = work(given_out, cost_of)
    fair = {n: shares[n] / weight for n, weight in enumerate(weights)}
    one_turn = 0.5 + max(costs)
    assert max(fair.values()) - min(fair.values()) <= 2 * one_turn


@given(st.sampled_from([0.001, 0.01, 0.5, 2.0]), st.sampled_from([0.001, 0.01, 0.5, 2.0]))
def test_lower_priorities_get_their_tenth_of_the_work_give_or_take_a_job(high, low):
    costs = {"high": high, "low": low}
    lane = Lane(Owed(1, priority=ranked(2), kind="high"), Owed(2, priority=1, kind="low"), costs=costs)
    shares = work([entry for _ in range(2000) for entry in lane.hand_out(seconds=0.5)], costs)
    total = sum(shares.values())
    assert shares[2] >= LOWER_SHARE * total - max(costs.values()) - 0.5, "the low priority starves"
    assert shares[2] <= LOWER_SHARE * total + max(costs.values()) + 0.5, "the high priority is not served first"


def test_several_lower_priorities_share_their_tenth():
    lane = Lane(Owed(1, priority=ranked(9)), Owed(2, priority=ranked(2)), Owed(3, priority=0))
    shares = work([entry for _ in range(2000) for entry in lane.hand_out()], lane.costs)
    assert shares[2] == pytest.approx(shares[3], rel=0.05)


def test_who_comes_to_a_flood_is_served_in_the_next_turn():
    lane = Lane(Owed(1))
    for _ in range(50):
        lane.hand_out()
    lane.left[9] = Owed(9, jobs=1)
    assert 9 in {entry.stream.organization_id for entry in lane.hand_out()}


def test_who_was_away_has_saved_up_nothing():
    lane = Lane(Owed(1), Owed(2, jobs=1))
    for _ in range(50):
        lane.hand_out()
    lane.left[1] = Owed(2)
    shares = work([entry for _ in range(20) for entry in lane.hand_out()], lane.costs)
    assert shares[1] >= 0.4 * sum(shares.values()), "the one that came back took the lane for itself"


def test_slow_work_is_handed_out_one_job_at_a_time_and_in_turns():
    lane = Lane(*(Owed(n) for n in range(3)), costs={"k": 2.0})
    order = [lane.hand_out(seconds=0.5) for _ in range(6)]
    assert [len(entries) for entries in order] == [1] * 6
    assert [entries[0].stream.organization_id for entries in order] == [0, 1, 2] * 2


def test_within_an_organization_the_oldest_goes_first():
    lane = Lane(Owed(1, kind="new", age=1), Owed(1, kind="old", age=2), costs={"new": 1.0, "old": 1.0})
    assert lane.hand_out()[0].stream.kind == "old"


def test_nobody_runs_more_than_it_may_and_others_do_not_wait_for_that():
    lane = Lane(Owed(1, free=3), Owed(2, free=0), Owed(3, jobs=7))
    assert Counter(entry.stream.organization_id for entry in lane.hand_out(seconds=10)) == {1: 3, 3: 7}


def test_no_more_than_the_bound_is_handed_out():
    lane = Lane(Owed(1), Owed(2))
    assert sum(1 for _ in lane.hand_out(seconds=100, most=10)) == 10
    assert lane.hand_out(most=0) == []


def test_with_nothing_to_do_there_is_no_turn():
    assert Turns().following([], 1.0, 10, Costs({})) == []


def test_what_is_forgotten_is_only_what_makes_no_difference():
    lane = Lane(*(Owed(n, jobs=1) for n in range(500)), Owed(1000))
    for _ in range(700):
        lane.hand_out()
    assert len(lane.turns._clocks[0].times) <= 2, "the memory of every organization ever seen is kept"


@pytest.mark.parametrize("cost", [0.001, 2.0])
def test_organizations_share_the_lower_tenth_evenly_while_a_higher_priority_never_ends(cost):
    lane = Lane(Owed(1, priority=ranked(2)), Owed(2, age=9), Owed(3), costs={"k": cost})
    shares = work([entry for _ in range(3000) for entry in lane.hand_out(seconds=0.5)], lane.costs)
    assert shares[2] > 0
    assert shares[2] == pytest.approx(shares[3], rel=0.1, abs=2 * cost), "the older backlog took the tenth for itself"


def test_the_lower_tenth_disturbs_no_turns_above():
    above = [Owed(n, priority=ranked(2), age=n) for n in range(1, 21)]
    lane = Lane(*above, Owed(99), costs={"k": 2.0})
    shares = work([entry for _ in range(2000) for entry in lane.hand_out(seconds=0.5)], lane.costs)
    given = [shares[one.organization_id] for one in above]
    assert max(given) - min(given) <= 2 * 2.0, given


def test_who_is_at_its_limit_takes_no_share_of_the_lower_ones():
    lane = Lane(Owed(1, priority=ranked(5), free=0), Owed(2, priority=ranked(3)), Owed(3, priority=1))
    shares = work([entry for _ in range(1000) for entry in lane.hand_out()], lane.costs)
    assert shares[3] >= 0.09 * sum(shares.values()), "the lowest starves while the highest is held back"


DEAR = Costs({"invoice.generate": Cost(0.2, 0.001)})


def test_a_turn_is_worth_its_delivery():
    lane = Lane(Owed(1, kind="invoice.generate"), Owed(2, kind="invoice.generate"))
    lane.known = DEAR
    for _ in range(4):
        shares = Counter(entry.stream.organization_id for entry in lane.hand_out(seconds=0.05))
        assert shares == pytest.approx({1: 100, 2: 100}, abs=2)


def test_many_with_little_to_do_share_a_delivery():
    lane = Lane(*(Owed(n, kind="invoice.generate", jobs=1) for n in range(100)))
    lane.known = DEAR
    assert len(lane.hand_out(seconds=0.6)) == 100


@pytest.mark.parametrize(("group_limit", "jobs"), [(1, 1), (5, 5), (10_000, DEAR.group_size("invoice.generate", 0.2))])
def test_a_job_that_travels_in_a_small_group_is_charged_for_its_part_of_the_delivery(group_limit, jobs):
    lane = Lane(Owed(1, kind="invoice.generate", group_limit=group_limit), Owed(2, kind="invoice.generate"))
    lane.known = DEAR
    shares = Counter(entry.stream.organization_id for _ in range(1000) for entry in lane.hand_out(seconds=0.5))
    assert shares[1] * (0.2 / jobs + 0.001) == pytest.approx(shares[2] * DEAR.job("invoice.generate"), rel=0.1)
