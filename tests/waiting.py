"""The only place in the tests that sleeps."""

import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def wait_until(predicate: Callable[[], Result], timeout: float = 10, message: str = "it never came true") -> Result:
    """Return the first true value of `predicate`; fail with `message` after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not (result := predicate()):
        assert time.monotonic() < deadline, f"{message} (waited {timeout} s)"
        time.sleep(0.02)
    return result
