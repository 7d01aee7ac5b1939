"""Random histories: whatever callers were told while everything was hurt is true in the end, and fits together."""

import os
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.process import free_port
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
        verify(lived(seed, monkey, apis, SECONDS, most_s=2.5), tmp_path / "history.jsonl")
    print(dict(monkey.done))


def test_a_few_faults_make_nothing_untrue(chain, apis, postgres, broker_server, network, seed, tmp_path):
    monkey = Monkey(chain, postgres, broker_server, network, random.Random(seed), apis)
    with repeatable(seed):
        verify(lived(seed, monkey, apis, SAMPLE_SECONDS, most_s=6), tmp_path / "history.jsonl")


def lived(seed: int, monkey: Monkey, apis: Sequence[Process], seconds: float, most_s: float) -> History:
    """Return the history of all clients in `seconds` in which the monkey hurts a part every `most_s` at the latest."""
    record, ports = Record(), [api.given["api_port"] for api in apis]
    on_call, ours = operator(record), [organization(name, record) for name in NAMES]
    for one in ours:
        furnish(one, ports[0])
    callers = [*_clients(seed, ours, ports), Operator(on_call, ports, pauses(seed))]
    monkey.hurt(random.Random(seed), seconds, most_s)
    for caller in callers:
        caller.stop()
    for caller in callers:
        caller.join()
    bring_to_an_end(ours, ports[0], SECONDS_TO_END)
    return History(record.exchanges, {one.name: shown(one, ports[0]) for one in ours})


def _clients(seed: int, ours: Sequence[Organization], ports: Sequence[int]) -> list[Client]:
    return [
        Client(ours[n], ours[n - 1], ports, intents(seed, f"{ours[n].name}-{client}"))
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
