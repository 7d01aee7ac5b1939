"""The only place in the tests that sleeps."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

Result = TypeVar("Result")


def wait_until(predicate: Callable[[], Result], timeout: float = 10, message: str = "it never came true") -> Result:
    """Return the first true value of `predicate`; fail with `message` after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not (result := predicate()):
        assert time.monotonic() < deadline, f"{message} (waited {timeout} s)"
        time.sleep(0.02)
    return result


def wait_until_answered(send: Callable[[], Any], timeout: float = 30) -> Any:
    """Return the first answer that does not say "come again"; `send` sends one request with one key each time.

    What a killed process had locked stays locked until the server has noticed: a 409 or 503, with Retry-After.
    """

    def answers() -> list[Any]:
        answer = send()
        return [] if answer.status_code in (409, 503) and "Retry-After" in answer.headers else [answer]

    [answer] = wait_until(answers, timeout, "the API went on saying come again")
    return answer
