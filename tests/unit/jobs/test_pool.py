"""What a dead child held runs again within two seconds: so the looks in its way must together take less."""

from types import SimpleNamespace

from celery.concurrency import get_implementation

from domain.jobs.presence import CHILDREN_CHECK_S
from tasks.app import app

PROMISED_S = 2.0


def test_a_worker_looks_for_ended_children_in_time() -> None:
    timers = get_implementation(app.conf.worker_pool).Pool.timers
    [look_s] = timers.fget(SimpleNamespace(maintain_pool="a function")).values()
    assert look_s + CHILDREN_CHECK_S <= PROMISED_S / 2, "the rest is for the relay, and for a busy machine"
