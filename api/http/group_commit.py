"""Asks of several threads share a transaction: those that come while one runs join the next.

No ask waits for a clock: the first runs at once, alone.
"""

from collections.abc import Callable, Sequence
from threading import Event, Lock
from typing import Generic, TypeVar, cast

from db.transaction import is_transient, sqlstate

Ask = TypeVar("Ask")
Answer = TypeVar("Answer")


class GroupCommit(Generic[Ask, Answer]):
    """Each call returns the answer to its own ask; `run`, a transaction of one statement, answers a list in order.

    When the server refuses a list, each of its asks is run again alone, so that only the one at fault is refused. Any
    other error is raised to all callers of the list: a statement whose outcome is unknown may have been done for all.
    """

    def __init__(self, run: Callable[[Sequence[Ask]], Sequence[Answer]]):
        self._run = run
        self._lock = Lock()
        self._waiting: list[_Waiter[Ask, Answer]] = []
        self._busy = False

    def __call__(self, ask: Ask) -> Answer:
        waiter: _Waiter[Ask, Answer] = _Waiter(ask)
        with self._lock:
            self._waiting.append(waiter)
            leads, self._busy = not self._busy, True
        if not leads:
            waiter.turn.wait()
        if not waiter.over:
            self._lead()
        if waiter.again:
            return self._run([ask])[0]
        if waiter.error:
            raise waiter.error
        return cast(Answer, waiter.answer)

    def _lead(self) -> None:
        with self._lock:
            group, self._waiting = self._waiting, []
        try:
            self._ask(group)
        finally:
            with self._lock:
                following = self._waiting[:1]
                self._busy = bool(following)
            for waiter in (*group, *following):
                waiter.turn.set()

    def _ask(self, group: "Sequence[_Waiter[Ask, Answer]]") -> None:
        try:
            answers = self._run([waiter.ask for waiter in group])
            for waiter, answer in zip(group, answers, strict=True):
                waiter.answer = answer
        except BaseException as error:
            refused = sqlstate(error) is not None and not is_transient(error)
            for waiter in group:
                waiter.error, waiter.again = error, refused and len(group) > 1
        for waiter in group:
            waiter.over = True


class _Waiter(Generic[Ask, Answer]):
    def __init__(self, ask: Ask):
        self.ask = ask
        self.turn = Event()
        self.over = self.again = False
        self.answer: Answer | None = None
        self.error: BaseException | None = None
