"""Whatever happens to the lines between three hosts, to one of them or to its clock: the promises hold.

The lines are bad all along: 50 ms one way, and one frame in fifty lost. Clients have good lines to every host. Each
test is a history: callers ask all three hosts, write down what they are told, and in the end the judge replays it.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from db.engine import owner_url
from db.transaction import leave_server
from domain.accounting.sources import KIND as JOURNAL
from tests import bodies, checker
from tests.chaos.histories.wire import Wire
from tests.chaos.histories.world import Record
from tests.chaos.test_histories import lived, repeatable, verify
from tests.clock import Clock
from tests.faults.load import drain, fetch, value
from tests.many_hosts.deployment import API_PORT, PATIENT, Deployment
from tests.many_hosts.network import Host, impossible
from tests.tenant import new_tenant
from tests.waiting import wait_until

REASON = impossible()
pytestmark = [pytest.mark.many_hosts, pytest.mark.skipif(bool(REASON), reason=REASON)]
CUT_S = float(os.environ.get("MANY_HOSTS_CUT_SECONDS") or 8)
CALM_S = 5
MINUTES_OFF = 7
OUT_OF_ORDER = "numbers follow the order of issue"
# Done by workers alone: an invoice owes it, and nobody waits for it.
DONE = "SELECT count(*) FROM jobs WHERE kind = %s AND status = 'COMPLETED'"


class Watched:
    """A deployment under the load of callers; says how long they and the workers had to wait."""

    def __init__(self, deployment: Deployment, seed: int, name: str) -> None:
        self.deployment, self._seed, self._name, self._record = deployment, seed, name, Record()

    def live(self, hurt: Callable[[], None], path: Path, clock_put_back: bool = False) -> None:
        """Have callers work while `hurt` runs; fail unless all that they were told is true and all invariants hold."""
        leave_server()
        with repeatable(self._seed):
            verify(lived(self._seed, self.deployment.addresses, lambda: self._calmly(hurt), self._record), path)
            self._check(clock_put_back)
            ended = [part for part in self.deployment.all_parts() if part.poll() is not None]
            assert not ended, [part.end() for part in ended]

    def _check(self, clock_put_back: bool) -> None:
        try:
            checker.check(self.deployment.pair.primary.url)
        except checker.InvariantViolated as error:
            # By a clock that was put back a later number has an earlier time; numbers, chains and the rest hold.
            if not clock_put_back or str(error).count("violated, not so") > 1 or OUT_OF_ORDER not in str(error):
                raise

    def _calmly(self, hurt: Callable[[], None]) -> None:
        self.calm("before")
        hurt()
        self.calm("after")

    def calm(self, when: str) -> None:
        """Return when callers have been accepted and workers have worked again, and some seconds more."""
        since, done = time.time(), value(DONE, JOURNAL)
        accepted = wait_until(lambda: self._accepted_since(since), 60, "nothing is accepted") - since
        wait_until(lambda: value(DONE, JOURNAL) > done, 60, "no worker works")
        print(f"{self._name}, {when}: accepted after {accepted:.1f} s, worked after {time.time() - since:.1f} s")
        pause(CALM_S)

    def _accepted_since(self, since: float) -> float | None:
        posted = [one for one in list(self._record.exchanges) if one.asked >= since and one.method == "POST"]
        return min((one.told for one in posted if one.accepted), default=None)


def pause(seconds: float) -> None:
    until = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() >= until, seconds + 1)


@pytest.fixture
def watched(deployment: Deployment, seed: int, request: pytest.FixtureRequest) -> Watched:
    return Watched(deployment, seed, request.node.name)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.jsonl"


def cut_off(deployment: Deployment, host: Host, into: bool = True, out: bool = True) -> None:
    with deployment.network.cut_off(host, deployment.others(host), into, out):
        pause(CUT_S)


def test_nothing_but_bad_lines(watched, path):
    watched.live(lambda: pause(CUT_S), path)


@pytest.mark.parametrize("which", [0, 1, 2], ids=["primary", "standby", "broker"])
def test_a_host_is_cut_off_both_ways_and_then_each_way(watched, path, which):
    def hurt() -> None:
        host = watched.deployment.hosts[which]
        for into, out, when in ((True, True, "cut"), (True, False, "deaf"), (False, True, "dumb")):
            cut_off(watched.deployment, host, into, out)
            watched.calm(f"after it was {when}")

    watched.live(hurt, path)


def test_the_primarys_host_is_cut_off_and_the_standby_promoted(watched, path):
    """The old primary is fenced before its lines come back: until then it would tell its own hosts of yesterday."""

    def hurt() -> None:
        pair, host = watched.deployment.pair, watched.deployment.pair.primary.where
        with watched.deployment.network.cut_off(host, watched.deployment.others(host)):
            pause(CUT_S)
            pair.promote()
            watched.calm("after the promotion")
            pair.standby.end_at_once()
        pair.rejoin()
        watched.calm("after the old primary follows the new one")

    watched.live(hurt, path)


def test_the_primary_dies_under_load_and_the_server_that_was_rewound_is_promoted(watched, path):
    def hurt() -> None:
        watched.deployment.pair.primary.end_at_once()
        watched.deployment.pair.promote()
        watched.calm("after the promotion")
        watched.deployment.pair.rejoin()

    watched.live(hurt, path)


def test_a_primary_that_is_cut_off_from_its_standby_confirms_nothing_also_when_that_is_promoted(deployment):
    """A caller at the primary's host still reaches it: whatever it confirmed now would be lost."""
    leave_server()
    pair, tenant, record = deployment.pair, new_tenant("Stranded"), Record()
    wire, old, new = Wire("Stranded", tenant.key, record.add), pair.primary.where, pair.standby.where

    def accepted(host: Host, key: str) -> bool:
        body, where = bodies.invoice(tenant.supplier_id), f"{host.address}:{API_PORT}"
        return wire.send(where, "request", "POST", "/api/v1/invoice-requests", body, key, patience=4).accepted

    with deployment.network.cut_off(old, [host for host in deployment.hosts if host is not old]):
        assert not accepted(old, "before the promotion")
        pair.promote()
        assert not accepted(old, "after the promotion")
        wait_until(lambda: accepted(new, "after the promotion"), 60)
        pair.standby.end_at_once()
    pair.rejoin()
    for key in ("before the promotion", "after the promotion"):
        wait_until(lambda key=key: accepted(old, key), 60)
    drain(60)
    assert fetch("SELECT count(*) FROM invoices WHERE organization_id = %s", tenant.id) == [(2,)]
    checker.check(pair.primary.url)


def test_a_worker_that_was_cut_off_past_its_lease_is_refused(watched, path):
    """Its statements arrive when the line is there again: the job is another's by then."""
    deployment, pair = watched.deployment, watched.deployment.pair

    def hurt() -> None:
        pair.confirm_alone()  # the standby is cut off with it
        with deployment.network.cut_off(pair.standby.where, deployment.others(pair.standby.where)):
            pause(PATIENT["lease"] + PATIENT["redelivery_interval"])
            watched.calm("while it is away")
        pair.confirm_on_both()

    watched.live(hurt, path)


def test_two_hosts_have_wrong_clocks_one_ahead_and_one_behind(watched, path):
    deployment = watched.deployment
    deployment.stop()
    deployment.start({deployment.hosts[0]: MINUTES_OFF / 60, deployment.hosts[2]: -MINUTES_OFF / 60})
    try:
        watched.live(lambda: pause(CUT_S), path)
    finally:
        deployment.stop()
        deployment.start()


def test_a_standby_whose_clock_is_minutes_behind_or_ahead_is_promoted(watched, path):
    pair = watched.deployment.pair
    clock = Clock(owner_url())

    def hurt() -> None:
        for minutes in (-MINUTES_OFF, MINUTES_OFF):
            pair.primary.end_at_once()
            pair.promote()
            clock.put(f"{minutes} minutes")
            watched.calm(f"after a promotion by {minutes} minutes")
            pair.rejoin()

    watched.live(hurt, path, clock_put_back=True)
