"""Whichever part dies at whichever point, a restart ends with exactly one invoice and numbers without a gap."""

import pytest

from tests.crash.parts import FAULTS, PARTS

each_part = pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)


@each_part
@pytest.mark.parametrize("fault", FAULTS, ids=["killed", "line cut"])
def test_a_part_may_fail_at_every_point(part, fault, stage, record_property):
    names = part.points(stage)
    assert part.passes <= set(names), f"the hooks are blind: {names}"
    for at, name in enumerate(names):
        assert fault(part, at, stage), f"never came to {name}"
        part.finish(stage, name)
    stage.check()
    record_property("points", len(names))
