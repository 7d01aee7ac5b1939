"""Rates: how many requests a second each organization and key may send, with a burst. Each process counts its own."""

import time
from collections.abc import Callable, Sequence
from math import ceil
from threading import Lock
from typing import NamedTuple


class Allowance(NamedTuple):
    """On the average `per_second` requests for the owner `id` of policy `name`, `burst_s` seconds of them at once."""

    name: str
    id: int
    per_second: int
    burst_s: int

    @property
    def quota(self) -> int:
        return self.per_second * self.burst_s


class Standing(NamedTuple):
    """What is left of an allowance: so many requests at once, and all of them again after `reset_s` seconds."""

    allowance: Allowance
    remaining: int
    reset_s: int
    wait_s: int


class Rates:
    """A token bucket for each owner: full at first, filled at its rate; a request takes one token.

    There are never more buckets than organizations and keys.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._buckets: dict[tuple[str, int], tuple[float, float]] = {}

    def take(self, allowances: Sequence[Allowance]) -> tuple[list[Standing], Standing | None]:
        """Take one request from each allowance, or from none if one is used up; return all, and that one.

        Its `wait_s` is how many seconds later there is a request again.
        """
        now = self._clock()
        with self._lock:
            levels = [self._level(one, now) for one in allowances]
            taken = 1.0 if all(level >= 1.0 for level in levels) else 0.0
            for one, level in zip(allowances, levels, strict=True):
                self._buckets[one.name, one.id] = level - taken, now
        standings = [_standing(one, level - taken) for one, level in zip(allowances, levels, strict=True)]
        spent = [one for one, level in zip(standings, levels, strict=True) if level < 1.0]
        return standings, max(spent, key=lambda one: one.wait_s, default=None)

    def _level(self, one: Allowance, now: float) -> float:
        level, at = self._buckets.get((one.name, one.id), (float(one.quota), now))
        return min(float(one.quota), level + (now - at) * one.per_second)


def _standing(one: Allowance, level: float) -> Standing:
    wait = max(1, ceil((1.0 - level) / one.per_second))
    return Standing(one, int(level), ceil((one.quota - level) / one.per_second), wait)
