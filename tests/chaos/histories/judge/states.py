"""Every accepted job ends once: it is there, its end stays, and nothing but a retry goes on with it."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tests.chaos.histories.judge.fault import Fault
from tests.chaos.histories.judge.wishes import MAKING, wishes
from tests.chaos.histories.record import Exchange, History, Row

NEVER = float("inf")
ENDS = ("COMPLETED", "FAILED", "CANCELLED")
# Reasons that a retry cannot mend; whatever else failed is tried again until it ends otherwise.
FOR_GOOD = re.compile(r"asked for, \S+ available|no longer moves|is refused, not pending")
VOLATILE = {"durationMs"}


def is_for_good(reason: str | None) -> bool:
    """Return whether a job may be left FAILED for this reason."""
    return bool(FOR_GOOD.search(reason or ""))


@dataclass(frozen=True)
class Seen:
    """A job as an answer showed it, between two times."""

    job: tuple[str, int]
    state: Row
    asked: float
    told: float

    @property
    def status(self) -> str:
        return self.state["status"].upper()

    @property
    def told_of(self) -> dict[str, Any]:
        """Return what can be compared with another sight of the same job, and must not change after its end."""
        shown = self.state.get("result") or {}
        number = self.state.get("invoiceNumber", shown.get("invoiceNumber"))
        return {"status": self.status, "completedAt": self.state["completedAt"], "number": number}


def seen(history: History) -> dict[tuple[str, int], list[Seen]]:
    """Return for each job what was seen of it, in order; last what is shown at the end."""
    sights: dict[tuple[str, int], list[Seen]] = defaultdict(list)
    for one in history.of("look", "cancel", "retry"):
        if one.accepted:
            job = one.organization, one.answer.get("id") or one.answer["requestId"]
            sights[job].append(Seen(job, one.answer, one.asked, one.told))
    for organization, shown in history.shown.items():
        for row in shown.jobs:
            job = organization, row["id"]
            sights[job].append(Seen(job, row, NEVER, NEVER))
    return sights


def faults(history: History) -> Iterator[Fault]:
    """Yield the jobs that were lost, have not ended, have changed after their end, or are somebody else's."""
    there = {(organization, row["id"]) for organization, shown in history.shown.items() for row in shown.jobs}
    for wish in wishes(history, *MAKING):
        for job in wish.jobs:
            if (wish.first.organization, job) not in there:
                yield Fault("an accepted job is lost", str(wish))
    yield from _not_ended(history)
    retries = history.of("retry", "retry_all")
    for job, sights in seen(history).items():
        yield from _changed(sights, [one for one in retries if _concerns(one, job)])
    yield from _of_strangers(history)
    yield from _unasked(history)


def _not_ended(history: History) -> Iterator[Fault]:
    for organization, shown in history.shown.items():
        for row in shown.jobs:
            status = row["status"].upper()
            if status not in ENDS or (status == "FAILED" and not is_for_good(row["error"])):
                yield Fault("a job has not ended", f"{organization} {row}")
            if row["attempts"] > row["maxAttempts"]:
                yield Fault("a job has had too many attempts", f"{organization} {row}")


def _concerns(retry: Exchange, job: tuple[str, int]) -> bool:
    if retry.organization != job[0] or retry.refused:
        return False
    if retry.act == "retry":
        return retry.path.endswith(f"/jobs/{job[1]}/retry")
    return retry.unknown or (retry.accepted and job[1] in retry.answer["jobIds"])


def _changed(sights: Sequence[Seen], retries: Sequence[Exchange]) -> Iterator[Fault]:
    ended: Seen | None = None
    for before, after in pairwise(sights):
        if before.status in ENDS:
            ended = before
        if ended is None or ended.told > after.asked or after.told_of == ended.told_of:
            continue
        if ended.status == "COMPLETED" or not _retried(ended, after, retries):
            yield Fault("a job has changed after its end", f"{ended} | {after}")


def _retried(ended: Seen, after: Seen, retries: Sequence[Exchange]) -> bool:
    return any(one.told > ended.asked and one.asked < after.told for one in retries)


def _of_strangers(history: History) -> Iterator[Fault]:
    for one in history.of("peek"):
        if one.accepted:
            yield Fault("another organization's job is shown", str(one))


def _unasked(history: History) -> Iterator[Fault]:
    """Yield invoice jobs that no request accounts for: neither one that was answered nor one that may have been."""
    told: dict[str, set[int]] = defaultdict(set)
    perhaps: dict[str, int] = defaultdict(int)
    for wish in wishes(history, "request", "bulk", "err"):
        told[wish.first.organization].update(wish.jobs)
        if not wish.told and wish.may_exist:
            perhaps[wish.first.organization] += len(wish.first.body.get("requests", [wish.first.body]))
    for organization, shown in history.shown.items():
        rows = [row for row in shown.jobs if row["type"] == "invoice.generate"]
        strange = [row["id"] for row in rows if row["id"] not in told[organization]]
        if len(strange) > perhaps[organization]:
            yield Fault(
                "a job was made that nobody asked for", f"{organization} {strange}, at most {perhaps[organization]}"
            )
