"""Processor time that says the same on a slow machine, and on one that is busy with other things."""

import time
from collections.abc import Callable

COUNT, COUNT_S = 1_000_000, 0.02


def seconds(work: Callable[[], object]) -> float:
    """Return how long `work` computes, in seconds of a machine that counts to a million in 20 ms."""
    before = _counting()
    began = time.process_time()
    work()
    took = time.process_time() - began
    return took * COUNT_S / max(before, _counting())


def _counting() -> float:
    began = time.process_time()
    for _ in range(COUNT):
        pass
    return time.process_time() - began
