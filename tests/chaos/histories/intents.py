"""What clients want to do next, all of it from the seed: the same seed gives the same wishes in the same order."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

PRODUCTS, SUPPLIERS, CUSTOMERS = 12, 2, 20
ACTS = {
    "issue": 14, "request": 14, "bulk": 4, "sell": 14, "buy": 4, "look": 18, "cancel": 10, "retry": 5, "retry_all": 1,
    "stock": 6, "show": 6, "peek": 2, "err": 3, "recreate": 3, "balance": 2,
}  # fmt: skip
PAUSED_KINDS = ("invoice.generate", "sale.post", "purchase.approve", "accounting.recreate")


@dataclass(frozen=True)
class Intent:
    """One wish. `tag` is its own and stands in all that comes of it; `pick` chooses among what the client knows.

    `repeats` is how often it asks again under its key until it is told; `echo` asks again all the same, `twist` asks
    for something else under the key, `twin` asks twice at once. `patience` and `pause` are in seconds.
    """

    act: str
    tag: str
    keyed: bool
    pick: float
    lines: tuple[tuple[int, int], ...]
    repeats: int
    echo: bool
    twist: bool
    twin: bool
    in_background: bool
    patience: float
    pause: float


@dataclass(frozen=True)
class Pause:
    """An operator's wish: `kind` stands still for `seconds`, after `pause` seconds in which nothing is paused."""

    kind: str
    seconds: float
    pause: float


def intents(seed: int, client: str) -> Iterator[Intent]:
    """Yield what a client wants, without end."""
    rng, number = random.Random(f"{seed} {client}"), 0
    while True:
        number += 1
        yield _intent(rng, f"{client}-{number}")


def pauses(seed: int) -> Iterator[Pause]:
    """Yield what the operator wants, without end."""
    rng = random.Random(f"{seed} operator")
    while True:
        yield Pause(rng.choice(PAUSED_KINDS), rng.uniform(5, 12), rng.uniform(2, 12))


def _intent(rng: random.Random, tag: str) -> Intent:
    [act] = rng.choices(list(ACTS), list(ACTS.values()))
    return Intent(
        act=act,
        tag=tag,
        keyed=rng.random() < 0.7,
        pick=rng.random(),
        lines=_lines(rng, act),
        repeats=rng.choice([0, 3, 30, 30]),
        echo=rng.random() < 0.15,
        twist=rng.random() < 0.1,
        twin=rng.random() < 0.1,
        in_background=rng.random() < 0.3,
        patience=rng.uniform(0.01, 0.3) if rng.random() < 0.08 else 10,
        pause=rng.uniform(0, 0.4),
    )


def _lines(rng: random.Random, act: str) -> tuple[tuple[int, int], ...]:
    """Return (product, quantity) for each line; some sales are long enough to take several steps."""
    size = rng.choice([1, 1, 2, 3, 5, 12, 25, 45]) if act in ("sell", "buy") else rng.randint(1, 8)
    return tuple((rng.randrange(PRODUCTS), rng.randint(1, 3)) for _ in range(size))
