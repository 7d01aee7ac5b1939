"""Relays and beat wake schedules together, and are killed at it: one job a slot, and none left out."""

import itertools

from tests.faults.load import drain, fetch, value
from tests.faults.processes import Chain
from tests.tenant import Tenant
from tests.waiting import wait_until

SCHEDULES, ROUNDS = 20, 4
MAKE = """
    INSERT INTO schedules (organization_id, keeper, name, kind, every_seconds, next_at)
    SELECT %s, 'automation', 'probe', 'fault.single', 3600, clock_timestamp() FROM generate_series(1, %s)"""
FALL_DUE = "UPDATE schedules SET anchor = now.t, next_at = now.t FROM (SELECT clock_timestamp() AS t) AS now"
SLOTS = "SELECT count(*) FROM schedule_slots"
ONCE = "SELECT count(*), count(DISTINCT job_id) FROM schedule_slots"


def test_wakers_that_are_killed_make_one_job_a_slot(chain: Chain, organization: Tenant) -> None:
    running = dict(zip(("relay", "beat", "worker"), chain.start("relay", "beat", "worker"), strict=True))
    chain.start("relay")
    fetch(MAKE, organization.id, SCHEDULES)
    for due, part in zip(itertools.count(SCHEDULES, SCHEDULES), ["relay", "beat"] * (ROUNDS // 2), strict=False):
        wait_until(lambda: value(SLOTS) > 0, 20, "nobody wakes the schedules")
        running[part].die()
        [running[part]] = chain.start(part)
        wait_until(lambda due=due: value(SLOTS) == due, 20, "a slot was left out")
        fetch(FALL_DUE)
    wait_until(lambda: value(SLOTS) == (ROUNDS + 1) * SCHEDULES, 20, "a slot was left out")
    drain(30)
    assert fetch(ONCE) == [((ROUNDS + 1) * SCHEDULES,) * 2]
    assert value("SELECT count(*) FROM effects") == (ROUNDS + 1) * SCHEDULES
