"""How much work waits in the broker: enough to keep the workers busy, as what waits there is out of turn."""

from itertools import pairwise

import pytest

import settings
from domain.jobs.dispatch.costs import RUN_SECONDS, SHORT_RUN_SECONDS
from tasks.lanes import BUSY_SECONDS, MAX_POLL_PAUSE_S, STILL_SHARE, Lane

NOW = 1000.0
AHEAD_SECONDS = settings.current().work_ahead_ms / 1000


@pytest.fixture
def lane() -> Lane:
    lane = Lane("default")
    lane.polled(NOW, 0)
    return lane


def send(lane: Lane, seconds: float) -> None:
    lane.add(NOW, seconds)


def fill(lane: Lane, run_seconds: float, backlog: bool) -> float:
    """Send messages as long as there is capacity; return how many seconds of work these were."""
    sent = 0.0
    while capacity := lane.capacity(run_seconds, backlog):
        send(lane, min(capacity, run_seconds))
        sent += min(capacity, run_seconds)
    return sent


def test_from_a_backlog_as_much_is_sent_as_may_wait(lane):
    assert fill(lane, RUN_SECONDS, backlog=True) == pytest.approx(AHEAD_SECONDS, abs=RUN_SECONDS / 2)


def test_while_somebody_is_expected_one_short_run_waits(lane):
    assert fill(lane, SHORT_RUN_SECONDS, backlog=True) == pytest.approx(SHORT_RUN_SECONDS)


def test_a_message_without_work_takes_no_room():
    lane = Lane("default")
    lane.add(NOW, 0.0)
    assert lane.needs_poll(NOW, RUN_SECONDS, backlog=True), "how long the queue is was never asked"
    lane.polled(NOW, 1)
    assert fill(lane, RUN_SECONDS, backlog=True) == pytest.approx(AHEAD_SECONDS, abs=RUN_SECONDS / 2)


@pytest.mark.parametrize("run_seconds", [RUN_SECONDS, SHORT_RUN_SECONDS])
def test_without_a_backlog_one_run_waits_and_what_comes_next_is_kept_together(lane, run_seconds):
    assert fill(lane, run_seconds, backlog=False) == pytest.approx(run_seconds)
    lane.polled(NOW, 0)
    assert lane.capacity(run_seconds, backlog=False) > 0


def test_what_takes_no_time_holds_nothing_up(lane):
    send(lane, BUSY_SECONDS / 2)
    assert lane.capacity(RUN_SECONDS, backlog=False) > 0


def test_messages_of_others_fill_the_lane(lane):
    lane.polled(NOW, 1)
    assert not lane.capacity(RUN_SECONDS, backlog=True)


def test_a_lane_that_nobody_takes_from_gets_no_more(lane):
    lane.polled(NOW, settings.current().max_broker_depth)
    assert not lane.capacity(RUN_SECONDS, backlog=True)


def test_a_full_lane_that_stands_still_is_polled_ever_more_seldom(lane):
    send(lane, RUN_SECONDS)
    polls = []
    for now in (NOW + n / 1000 for n in range(1, 60_000)):
        if lane.needs_poll(now, RUN_SECONDS, backlog=False):
            lane.polled(now, 1)
            polls.append(now - NOW)
    pauses = [(after - at, after) for at, after in pairwise(polls)]
    assert all(pause == pytest.approx(min(STILL_SHARE * after, MAX_POLL_PAUSE_S), abs=0.002) for pause, after in pauses)
    assert len(polls) < 100, "a minute of polls in each millisecond would be 60,000"
    lane.add(NOW + polls[-1], RUN_SECONDS)
    assert lane.needs_poll(NOW + polls[-1] + RUN_SECONDS, RUN_SECONDS, backlog=False), "it moved again"


def test_a_lane_with_room_is_not_polled(lane):
    assert not lane.needs_poll(NOW + 1000, RUN_SECONDS, backlog=True)
