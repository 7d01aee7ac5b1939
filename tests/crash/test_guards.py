"""The test of the tests: without any one guard, the test that is there for it goes red."""

from collections.abc import Iterator

import pytest
from _pytest.outcomes import Failed

import db.queries
from db import acting
from tests.crash import accounting_guards, guards, inventory_guards
from tests.crash.removals import Removal
from tests.scenarios import accounting, inventory, invoices, jobs, relay, reservations

GUARDS = guards.GUARDS + accounting_guards.GUARDS + inventory_guards.GUARDS
RUN_BY_THE_TESTS = {
    *accounting.SCENARIOS, *inventory.SCENARIOS, *invoices.SCENARIOS, *jobs.SCENARIOS, *relay.SCENARIOS,
    *reservations.SCENARIOS,
}  # fmt: skip


@pytest.fixture
def removal(monkeypatch, tmp_path) -> Iterator[Removal]:
    with monkeypatch.context() as patch:
        # The wall in the database would hide that a filter is gone.
        patch.setattr(acting, "organization_id", lambda: None)
        yield Removal(patch, tmp_path)
    db.queries.statement.cache_clear()


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_without_a_guard_its_test_goes_red(guard, stage, removal):
    guard.take_away(removal)
    with pytest.raises((Exception, Failed), match=guard.says):
        guard.scenario(stage)


def test_each_guards_scenario_is_one_that_the_tests_run_green():
    assert {guard.scenario for guard in GUARDS} <= RUN_BY_THE_TESTS
