"""What clients wanted made, put together from the requests that they sent for it."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.chaos.histories.record import Exchange, History, Row

INVOICES = ("issue", "request", "bulk", "err")
MAKING = (*INVOICES, "sell", "draft", "approve", "recreate")


@dataclass(frozen=True)
class Wish:
    """All that was sent for one thing: once without a key, or any number of times under one key with one body."""

    exchanges: Sequence[Exchange]

    @property
    def first(self) -> Exchange:
        return self.exchanges[0]

    @property
    def asked(self) -> float:
        return self.first.asked

    @cached_property
    def told(self) -> Exchange | None:
        """Return the answer that says most: how it ended, else that it was accepted; None if none came."""
        ends = [one for one in self.exchanges if one.final]
        return next(iter(ends or [one for one in self.exchanges if one.accepted]), None)

    @property
    def may_exist(self) -> bool:
        return bool(self.told) or any(one.unknown for one in self.exchanges)

    @property
    def jobs(self) -> list[int]:
        return self.told.jobs() if self.told else []

    def __str__(self) -> str:
        return f"{self.told or self.exchanges[-1]}"


@dataclass(frozen=True)
class WantedInvoice:
    """An invoice that a wish was for; `tag` stands in its notes. `job` and `number` are what the client was told."""

    wish: Wish
    body: Row
    job: int | None = None
    number: str | None = None
    refused: bool = False

    @property
    def tag(self) -> tuple[str, str]:
        return self.wish.first.organization, self.body["notes"]


def fingerprint(exchange: Exchange) -> str:
    """Return a text that two requests share when they ask for the same."""
    return json.dumps([exchange.method, exchange.path, exchange.body], sort_keys=True, default=str)


def wishes(history: History, *acts: str) -> list[Wish]:
    """Return the wishes of some acts in the order in which they were first asked for."""
    together: dict[Any, list[Exchange]] = defaultdict(list)
    for number, one in enumerate(history.of(*acts)):
        together[(one.organization, one.key, fingerprint(one)) if one.key else number].append(one)
    return [Wish(exchanges) for exchanges in together.values()]


def wanted_invoices(history: History) -> Iterator[WantedInvoice]:
    """Yield each invoice that somebody wanted, whatever the answer was."""
    for wish in wishes(history, *INVOICES):
        if wish.first.act == "bulk":
            yield from _of_bulk(wish)
        else:
            answer = wish.told.answer if wish.told else {}
            job, number = answer.get("requestId"), answer.get("invoiceNumber")
            yield WantedInvoice(wish, wish.first.body, job, number, not wish.may_exist)


def _of_bulk(wish: Wish) -> Iterator[WantedInvoice]:
    bodies = wish.first.body["requests"]
    verdicts = wish.told.answer if wish.told else [{}] * len(bodies)
    for body, verdict in zip(bodies, verdicts, strict=True):
        refused = not wish.may_exist or "error" in verdict
        yield WantedInvoice(wish, body, verdict.get("requestId"), refused=refused)
