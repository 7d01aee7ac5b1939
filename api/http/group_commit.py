"""What several threads ask at the same time, asked together: who comes while a statement runs joins the next one.

Nobody waits for a clock: the first goes at once, and is alone.
"""

from collections.abc import Callable, Sequence
from threading import Event, Lock
from typing import Generic, TypeVar, cast

from db.transaction import is_transient, sqlstate

Ask = TypeVar("Ask")
Answer = TypeVar("Answer")


class Batch(Generic[Ask, Answer]):
    """Calls `run`, a transaction of one statement, with what was asked meanwhile; it returns the answers in order.

    What the server refuses of several is asked again one by one, so that it is refused to the one it belongs to. Any
    other error is everybody's: a statement whose outcome is unknown may have been done for all.
    """

    def __init__(self, run: Callable[[Sequence[Ask]], Sequence[Answer]]):
        self._run = run
        self._lock = Lock()
        self._waiting: list[_Place[Ask, Answer]] = []
        self._busy = False

    def __call__(self, ask: Ask) -> Answer:
        place: _Place[Ask, Answer] = _Place(ask)
        with self._lock:
            self._waiting.append(place)
            leads, self._busy = not self._busy, True
        if not leads:
            place.turn.wait()
        if not place.over:
            self._lead()
        if place.again:
            return self._run([ask])[0]
        if place.error:
            raise place.error
        return cast(Answer, place.answer)

    def _lead(self) -> None:
        with self._lock:
            batch, self._waiting = self._waiting, []
        try:
            self._ask(batch)
        finally:
            with self._lock:
                following = self._waiting[:1]
                self._busy = bool(following)
            for place in (*batch, *following):
                place.turn.set()

    def _ask(self, batch: "Sequence[_Place[Ask, Answer]]") -> None:
        try:
            answers = self._run([place.ask for place in batch])
            for place, answer in zip(batch, answers, strict=True):
                place.answer = answer
        except BaseException as error:
            refused = sqlstate(error) is not None and not is_transient(error)
            for place in batch:
                place.error, place.again = error, refused and len(batch) > 1
        for place in batch:
            place.over = True


class _Place(Generic[Ask, Answer]):
    def __init__(self, ask: Ask):
        self.ask = ask
        self.turn = Event()
        self.over = self.again = False
        self.answer: Answer | None = None
        self.error: BaseException | None = None
