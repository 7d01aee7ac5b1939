"""Faults to be planted in the clean history, each a change of it under the name by which the judge must find it."""

from collections.abc import Callable

from tests.unit.histories.handmade import Draft

Change = Callable[[Draft], object]
PLANTED: list[tuple[str, Change]] = []


def plants(name: str) -> Callable[[Change], Change]:
    """Say which fault a change is."""

    def register(change: Change) -> Change:
        PLANTED.append((name, change))
        return change

    return register
