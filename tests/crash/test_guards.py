"""The test of the tests: without any one guard, the test that is there for it goes red."""

from collections.abc import Iterator

import pytest
from _pytest.outcomes import Failed

import db.queries
from tests.crash.guards import GUARDS
from tests.crash.inventory_guards import INVENTORY_GUARDS
from tests.crash.removals import Removal
from tests.scenarios import inventory, invoices, jobs, relay

RUN_BY_THE_TESTS = {*invoices.SCENARIOS, *jobs.SCENARIOS, *relay.SCENARIOS, *inventory.SCENARIOS}


@pytest.fixture
def removal(monkeypatch, tmp_path) -> Iterator[Removal]:
    with monkeypatch.context() as patch:
        yield Removal(patch, tmp_path)
    db.queries.statement.cache_clear()


@pytest.mark.parametrize("guard", GUARDS + INVENTORY_GUARDS, ids=lambda guard: guard.name)
def test_without_a_guard_its_test_goes_red(guard, stage, removal):
    guard.take_away(removal)
    with pytest.raises((Exception, Failed), match=guard.says):
        guard.scenario(stage)


def test_each_guards_scenario_is_one_that_the_tests_run_green():
    assert {guard.scenario for guard in GUARDS + INVENTORY_GUARDS} <= RUN_BY_THE_TESTS
