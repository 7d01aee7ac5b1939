"""How much work waits in the broker: enough to keep the workers busy, as what waits there is out of turn."""

import pytest

import settings
from domain.jobs.dispatch.costs import DELIVERY_SECONDS, SHORT_DELIVERY_SECONDS, Cost, Costs
from domain.jobs.dispatch.grouping import Group
from tasks.lanes import BUSY_SECONDS, Lane

KIND = "invoice.generate"
COSTS = Costs({KIND: Cost(0.0, 0.001)})
MOST = settings.current().work_ahead_ms / 1000


@pytest.fixture
def lane() -> Lane:
    lane = Lane("default")
    lane.look(0)
    return lane


def send(lane: Lane, seconds: float) -> None:
    lane.add(Group(KIND, "default", list(range(round(seconds * 1000)))), COSTS)


def fill(lane: Lane, delivery: float, backlog: bool) -> float:
    """Send deliveries as long as there is room; return how many seconds of work these were."""
    sent = 0.0
    while room := lane.room(delivery, backlog):
        send(lane, min(room, delivery))
        sent += min(room, delivery)
    return sent


def test_from_a_backlog_as_much_is_sent_as_may_wait(lane):
    assert fill(lane, DELIVERY_SECONDS, backlog=True) == pytest.approx(MOST, abs=DELIVERY_SECONDS / 2)


def test_while_somebody_is_expected_one_short_delivery_waits(lane):
    assert fill(lane, SHORT_DELIVERY_SECONDS, backlog=True) == pytest.approx(SHORT_DELIVERY_SECONDS)


@pytest.mark.parametrize("delivery", [DELIVERY_SECONDS, SHORT_DELIVERY_SECONDS])
def test_without_a_backlog_one_delivery_waits_and_what_comes_next_is_kept_together(lane, delivery):
    assert fill(lane, delivery, backlog=False) == pytest.approx(delivery)
    lane.look(0)
    assert lane.room(delivery, backlog=False) > 0


def test_what_takes_no_time_holds_nothing_up(lane):
    send(lane, BUSY_SECONDS / 2)
    assert lane.room(DELIVERY_SECONDS, backlog=False) > 0


def test_messages_of_others_fill_the_lane(lane):
    lane.look(1)
    assert not lane.room(DELIVERY_SECONDS, backlog=True)


def test_a_lane_that_nobody_takes_from_gets_no_more(lane):
    lane.look(settings.current().max_broker_depth)
    assert not lane.room(DELIVERY_SECONDS, backlog=True)
