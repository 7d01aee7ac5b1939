"""What an operator has paused begins no work, and after a moment ends none."""

from collections.abc import Iterator
from datetime import datetime

from tests.chaos.histories.judge.fault import Fault
from tests.chaos.histories.judge.states import seen
from tests.chaos.histories.record import Exchange, History

NEVER = float("inf")
# A claim that began before the pause may commit after it, until the statement timeout; its job runs out its lease.
CLAIMED_BEFORE_S, DONE_BEFORE_S, LATE_S = 3.0, 9.0, 30.0


def faults(history: History) -> Iterator[Fault]:
    """Yield the jobs that began, or ended long after they must have, while their kind was paused."""
    windows = [_window(history, one) for one in history.of("pause") if one.accepted and not _lifted(history, one)]
    for job, sights in seen(history).items():
        for sight in sights:
            for kind, start, end in windows:
                began, ended = _moment(sight.state.get("startedAt")), _moment(sight.state["completedAt"])
                late = start + CLAIMED_BEFORE_S < began < end
                late = late or (sight.status == "COMPLETED" and start + DONE_BEFORE_S < ended < end)
                if kind == sight.state.get("type") and late:
                    yield Fault("a paused kind made progress", f"{job}: paused from {start} to {end}: {sight}")


def _window(history: History, pause: Exchange) -> tuple[str, float, float]:
    """Return the kind and the time from the answer to the pause until the first request to resume."""
    resumed = [one.asked for one in history.of("resume") if one.body == pause.body and one.asked > pause.asked]
    return pause.body["name"], pause.told, min(resumed, default=NEVER)


def _lifted(history: History, pause: Exchange) -> bool:
    """Return whether a resume from before may have been done after it, by an api that was frozen meanwhile."""
    resumes = [one for one in history.of("resume") if one.body == pause.body and one.asked < pause.told]
    return any(one.unknown and one.told > pause.asked - LATE_S for one in resumes)


def _moment(text: str | None) -> float:
    return datetime.fromisoformat(text).timestamp() if text else -NEVER
