"""The judge of a history: replays what clients were told against a simple model of what the API promises.

It knows nothing of the product but its HTTP contract, and reads nothing but the history.
"""

from collections.abc import Callable, Iterator

from tests.chaos.histories.judge import invoices, journal, keys, numbers, pauses, states, stock, trade
from tests.chaos.histories.judge.fault import Fault
from tests.chaos.histories.record import History

RULES: tuple[Callable[[History], Iterator[Fault]], ...] = (
    keys.faults,
    states.faults,
    invoices.faults,
    numbers.faults,
    trade.faults,
    stock.faults,
    journal.faults,
    pauses.faults,
)


def judge(history: History) -> list[Fault]:
    """Return everything in the history that no promise allows."""
    return [fault for rule in RULES for fault in rule(history)]
