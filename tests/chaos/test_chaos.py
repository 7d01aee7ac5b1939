"""The long runs: whatever is hurt, in whatever order, for however long, nothing is lost, doubled or misnumbered."""

import os
import random
import time

import pytest

from tests.chaos.monkey import Monkey
from tests.faults.load import Intake, drain_killed, fetch, slow_commits, verify_at_least
from tests.faults.processes import storm

pytestmark = pytest.mark.chaos

KILLS = int(os.environ.get("CHAOS_KILLS") or 1000)
MINUTES = float(os.environ.get("CHAOS_MINUTES") or 20)
MOVES = "SELECT coalesce(before, '-') || ' -> ' || after, count(*) FROM observed_moves GROUP BY 1 ORDER BY 1"


def verify(intake: Intake, started: float) -> None:
    """Fail unless all invariants hold and nobody's request failed; say how much was done."""
    drain_killed(400)
    seconds = time.monotonic() - started
    print(f"accepted {len(intake.accepted)}, {len(intake.accepted) / seconds:.0f}/s; moves {dict(fetch(MOVES))}")
    verify_at_least(intake.accepted)


def test_a_thousand_kills_of_workers_and_their_children(chain, organization, other_organization, seed):
    slow_commits("invoices", seconds=0.02)
    chain.start("relay", "relay")
    started = time.monotonic()
    with Intake([organization, other_organization], size=5, pause=0.04) as intake:
        storm(chain, random.Random(seed), kills=KILLS, whole_workers=KILLS // 15)
    verify(intake, started)


def test_mixed_faults_for_many_minutes(chain, postgres, broker_server, network, organization, other_organization, seed):
    rng = random.Random(seed)
    monkey = Monkey(chain, postgres, broker_server, network, rng)
    started = time.monotonic()
    with Intake([organization, other_organization], size=5, pause=0.1) as intake:
        monkey.hurt(rng, MINUTES * 60, most_s=2.5)
    print(dict(monkey.done))
    verify(intake, started)
