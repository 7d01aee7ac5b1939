"""Random histories: whatever callers were told while everything was hurt is true in the end, and fits together."""

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.process import LOOPBACK, free_port
from tests.chaos.histories.clients import Client, Operator
from tests.chaos.histories.ending import bring_to_an_end, shown
from tests.chaos.histories.intents import intents, pauses
from tests.chaos.histories.judge import judge
from tests.chaos.histories.record import History
from tests.chaos.histories.world import Organization, Record, furnish, operator, organization
from tests.chaos.monkey import Monkey
from tests.faults.processes import Process

SECONDS = float(os.environ.get("CHAOS_HISTORY_SECONDS") or 300)
SAMPLE_SECONDS = 15
NAMES, CLIENTS_OF_EACH, APIS = ("Acme", "Umbrella", "Globex"), 2, 2
SECONDS_TO_END = 350
SHOWN = 20


@pytest.fixture
def apis(chain) -> list[Process]:
    """The API, twice: a repeated request may meet the other one."""
    parts = [chain.spawn("api", api_port=free_port()) for _ in range(APIS)]
    for part in parts:
        chain.await_ready(part)
    return parts


@pytest.mark.chaos
def test_what_callers_were_told_is_true_in_the_end(chain, apis, postgres, broker_server, network, seed, tmp_path):
    rng = random.Random(seed)
    monkey = Monkey(chain, postgres, broker_server, network, rng, apis)
    with repeatable(seed):
        history = lived(seed, addresses(apis), lambda: monkey.hurt(random.Random(seed), SECONDS, most_s=2.5))
        verify(history, tmp_path / "history.jsonl")
    print(dict(monkey.done))


def test_a_few_faults_make_nothing_untrue(chain, apis, postgres, broker_server, network, seed, tmp_path):
    monkey = Monkey(chain, postgres, broker_server, network, random.Random(seed), apis)
    with repeatable(seed):
        history = lived(seed, addresses(apis), lambda: monkey.hurt(random.Random(seed), SAMPLE_SECONDS, most_s=6))
        verify(history, tmp_path / "history.jsonl")


def addresses(apis: Sequence[Process]) -> list[str]:
    """Return where the API is reached."""
    return [f"{LOOPBACK}:{api.given['api_port']}" for api in apis]


def lived(seed: int, addresses: Sequence[str], hurt: Callable[[], None], record: Record | None = None) -> History:
    """Return the history of all clients from before `hurt` is called until all that they began after it has ended."""
    record = record or Record()
    on_call, ours = operator(record), [organization(name, record) for name in NAMES]
    for one in ours:
        furnish(one, addresses[0])
    callers = [*_clients(seed, ours, addresses), Operator(on_call, addresses, pauses(seed))]
    try:
        hurt()
    finally:
        for caller in callers:
            caller.stop()
    for caller in callers:
        caller.join()
    bring_to_an_end(ours, addresses[0], SECONDS_TO_END)
    return History(record.exchanges, {one.name: shown(one, addresses[0]) for one in ours})


def _clients(seed: int, ours: Sequence[Organization], addresses: Sequence[str]) -> list[Client]:
    return [
        Client(ours[n], ours[n - 1], addresses, intents(seed, f"{ours[n].name}-{client}"))
        for n in range(len(ours))
        for client in range(CLIENTS_OF_EACH)
    ]


def verify(history: History, path: Path) -> None:
    """Fail if the judge finds fault, and keep the history then; say how much happened."""
    answers = Counter(str(one.status) for one in history.exchanges)
    print(f"{len(history.exchanges)} exchanges: {dict(answers.most_common())}")
    if faults := judge(history):
        history.write(path)
        names = Counter(fault.name for fault in faults)
        told = [str(fault)[:2000] for name in names for fault in faults if fault.name == name][:SHOWN]
        pytest.fail("\n".join([f"{dict(names)}; the history is in {path}", *told]))


@contextmanager
def repeatable(seed: int) -> Iterator[None]:
    """Name the seed in whatever fails within."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"SEED={seed} repeats it")
        raise
