"""A waker that dies at any point leaves one job a slot."""

from counterfoil.crashkit.fuse import killed_at, points
from domain.schedules import waking
from tests import chain
from tests.caller import Caller

BODY = {
    "name": "Probe", "type": "accounting.recreate", "payload": {"documents": [{"type": "invoice", "id": 1}]},
    "everySeconds": 3600,
}  # fmt: skip
FALL_DUE = "UPDATE schedules SET anchor = t, next_at = t FROM (SELECT clock_timestamp() - interval '2 s' AS t) AS now"
MADE = "SELECT slot, count(job_id) FROM schedule_slots GROUP BY 1"


def test_a_waker_may_die_at_every_point(organization, record_property):
    client = Caller(organization.key)
    client.post("/api/v1/invoices/generate", chain.body(organization.request()))
    chain.keep_books()
    assert client.post("/api/v1/schedules", BODY).status_code == 201
    chain.ask(FALL_DUE)
    names = points(waking.wake)
    passed = {"after find_due_schedules", "after enqueue", "before commit", "after commit"}
    assert passed <= {*names}, "the hooks are blind"
    for at, name in enumerate(names):
        before = jobs()
        chain.ask(FALL_DUE)
        assert killed_at(at, waking.wake), f"never came to {name}"
        waking.wake()
        waking.wake()
        assert jobs() == before + 1, f"killed {name}"
    assert {jobs for _, jobs in chain.rows(MADE)} == {1}
    record_property("points", len(names))


def jobs() -> int:
    return chain.value("SELECT count(*) FROM jobs WHERE kind = 'accounting.recreate' AND status = 'PENDING'")
