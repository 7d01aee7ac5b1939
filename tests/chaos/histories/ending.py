"""How a history ends: what was killed is tried again until all has ended, and the API shows what came of it.

The journal is brought up to date last: a caller who cancels the recreation of an entry leaves its document without.
"""

from collections.abc import Sequence
from typing import Any

from tests.chaos.histories.judge.states import is_for_good
from tests.chaos.histories.record import Shown
from tests.chaos.histories.wire import NO_ANSWER
from tests.chaos.histories.world import Organization
from tests.waiting import wait_until

JOBS = "/api/v1/jobs?limit=200"


def bring_to_an_end(organizations: Sequence[Organization], address: str, seconds: float) -> None:
    """Return when every job has ended and the journal has every document; fail if one wait takes `seconds`."""
    _await_end(organizations, address, seconds)
    for one in organizations:
        synchronized = one.wire.send(address, "synchronize", "POST", "/api/v1/accounting/sync", {})
        assert synchronized.accepted, synchronized
    _await_end(organizations, address, seconds)


def _await_end(organizations: Sequence[Organization], address: str, seconds: float) -> None:
    """Return when every job has ended, those that were killed too often given another start."""
    left: dict[str, list[Any]] = {}

    def at_rest() -> bool:
        for one in organizations:
            left[one.name] = _unfinished(one, address)
        return not any(left.values())

    try:
        wait_until(at_rest, seconds)
    except AssertionError:
        raise AssertionError(f"after {seconds} s there is still to do: {left}") from None


def _unfinished(one: Organization, address: str) -> list[Any]:
    try:
        at_work = [
            job for status in ("pending", "processing") for job in one.wire.pages(address, f"{JOBS}&status={status}")
        ]
        failed = [job for job in one.wire.pages(address, f"{JOBS}&status=failed") if not is_for_good(job["error"])]
    except NO_ANSWER as error:
        return [error]
    for job in failed:
        one.wire.send(address, "retry", "POST", f"/api/v1/jobs/{job['id']}/retry")
    return at_work + failed


def shown(one: Organization, address: str) -> Shown:
    """Return all that the API shows of an organization."""

    def rows(path: str) -> list[Any]:
        return one.wire.pages(address, f"/api/v1/{path}{'&' if '?' in path else '?'}limit=200")

    place = f"locationId={one.location}"
    return Shown(
        jobs=rows("jobs"),
        invoices=rows("invoices"),
        numberings={i: one.wire.get(address, f"/api/v1/suppliers/{i}/numbering/audit") for i in one.suppliers},
        sales=rows("sales"),
        purchases=rows("purchases"),
        stock=rows(f"stock?{place}"),
        movements=[row for product in one.products for row in rows(f"movements?{place}&productId={product}")],
        entries=rows("accounting/entries"),
        trial_balance=one.wire.get(address, "/api/v1/accounting/trial-balance"),
    )
