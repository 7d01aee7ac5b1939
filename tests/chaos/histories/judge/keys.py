"""One key has one answer, and is good for one request; no answer is an accident."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations

from tests.chaos.histories.judge.fault import Fault
from tests.chaos.histories.judge.wishes import MAKING, Wish, wishes
from tests.chaos.histories.record import Exchange, History

ACCIDENT = 500
OTHER_REQUEST = 422


def faults(history: History) -> Iterator[Fault]:
    """Yield what is wrong with the answers, and with those to one key among each other."""
    for one in history.exchanges:
        if one.status == ACCIDENT:
            yield Fault("an answer is an accident", str(one))
    keyed: dict[tuple[str, str], list[Wish]] = defaultdict(list)
    for wish in wishes(history, *MAKING):
        yield from _unsteady(wish.exchanges)
        if wish.first.key:
            keyed[wish.first.organization, wish.first.key].append(wish)
    for sharing in keyed.values():
        yield from _shared(sharing)


def _unsteady(exchanges: Sequence[Exchange]) -> Iterator[Fault]:
    """Yield the answers to one request under one key that are not one answer."""
    for one, other in combinations(sorted((e for e in exchanges if _told(e)), key=lambda e: e.told), 2):
        same = one.jobs() == other.jobs() and not (one.final and other.final and one.answer != other.answer)
        back = one.final and not other.final and one.told < other.asked
        if not same or back:
            yield Fault("a key has two answers", f"{one} | {other}")
    known = min((e.told for e in exchanges if _told(e)), default=None)
    for one in exchanges:
        if known is not None and one.asked > known and one.refused and not one.final:
            yield Fault("a key has two answers", f"refused after it was told: {one}")


def _told(one: Exchange) -> bool:
    return one.accepted or one.final


def _shared(sharing: Sequence[Wish]) -> Iterator[Fault]:
    if sum(bool(wish.told) for wish in sharing) > 1:
        yield Fault("a key was good for two requests", " | ".join(map(str, sharing)))
    for wish in sharing:
        others = [other for other in sharing if other is not wish and other.may_exist]
        for one in wish.exchanges:
            if one.status == OTHER_REQUEST and not any(other.asked < one.told for other in others):
                yield Fault("a key is refused though nothing else had it", str(one))
