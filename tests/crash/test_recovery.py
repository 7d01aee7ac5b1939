"""The restart after a fault may be killed as well, anywhere: the one after it ends as well."""

import os
import random

from counterfoil.crashkit.fuse import killed_at
from tests.crash.parts import FAULTS, PARTS

PAIRS = 60
# A caller's second attempt, a sweep, turns of the relay and the worker's run: about so many points.
RECOVERY_POINTS = 40


def test_the_recovery_may_be_killed_too(stage, record_property):
    seed = int(os.environ.get("SEED", random.randrange(10**6)))
    print(f"SEED={seed}")
    dice = random.Random(seed)
    lengths = {part.name: len(part.points(stage)) for part in PARTS}
    deaths = 0
    for _ in range(PAIRS):
        part = dice.choice(PARTS)
        first, second = dice.randrange(lengths[part.name]), dice.randrange(RECOVERY_POINTS)
        dice.choice(FAULTS)(part, first, stage)
        deaths += bool(killed_at(second, lambda: part.recover(stage)))  # noqa: B023  run at once
        part.finish(stage, f"at {first}, its recovery at {second}")
    stage.check()
    assert deaths > PAIRS / 4, "the second death hardly ever came"
    record_property("points", PAIRS + deaths)
