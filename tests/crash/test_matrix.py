"""Whichever part dies at whichever point, a restart ends with exactly one invoice and numbers without a gap."""

import time

import pytest

from tests.crash.conftest import DAY_S
from tests.crash.parts import FAULTS, PARTS

each_part = pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)


@each_part
@pytest.mark.parametrize("fault", FAULTS, ids=["killed", "line cut"])
def test_a_part_may_fail_at_every_point(part, fault, stage, record_property):
    names = part.points(stage)
    assert part.passes <= set(names), f"the hooks are blind: {names}"
    for at, name in enumerate(names):
        assert fault(part, at, stage) == name, f"another way than point {at} of {names}"
        part.finish(stage, name)
    stage.check()
    record_property("points", len(names))


def test_a_part_passes_the_same_points_a_day_later(stage, monkeypatch):
    monotonic, days = time.monotonic, 0
    monkeypatch.setattr(time, "monotonic", lambda: monotonic() + days * DAY_S)
    for part in PARTS:
        names = part.points(stage)
        days += 1
        assert part.points(stage) == names, f"{part.name} asks something once in a while: see conftest.py"
