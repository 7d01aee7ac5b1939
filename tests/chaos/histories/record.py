"""What clients asked and what they were told, as plain data: all that the judge is given."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Exchange:
    """One request and its answer; `status` is None if none came. Times are in seconds since the epoch.

    `come_again` says that the answer had a Retry-After. `act` is the client's word for what it wanted.
    """

    organization: str
    act: str
    method: str
    path: str
    body: Any
    key: str | None
    asked: float
    told: float
    status: int | None
    answer: Any = None
    come_again: bool = False

    @property
    def accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def unknown(self) -> bool:
        """Return whether the client cannot tell if it was done."""
        return self.status is None or self.status >= 500

    @property
    def postponed(self) -> bool:
        """Return whether it was not looked at: the key's first request still runs, or too many ask at once."""
        return self.come_again and self.status in (409, 429)

    @property
    def refused(self) -> bool:
        return not (self.accepted or self.unknown or self.postponed)

    @property
    def final(self) -> bool:
        """Return whether the answer says how it ended; a 202 does not, and a 409 with a job is kept under the key."""
        return (self.accepted and self.status != 202) or (self.status == 409 and "jobId" in (self.answer or {}))

    def jobs(self) -> list[int]:
        """Return the ids of the jobs that the answer names as the client's own; those of a list in its order."""
        if not (self.accepted or self.final):
            return []
        rows = self.answer if isinstance(self.answer, list) else [self.answer]
        return [row.get("jobId") or row["requestId"] for row in rows if row.get("jobId") or row.get("requestId")]

    def __str__(self) -> str:
        key = f" key {self.key}" if self.key else ""
        told = f"{self.status} {self.answer}" if self.status else "nothing"
        return f"{self.organization} {self.act}: {self.method} {self.path}{key} at {self.asked:.3f}: {told:.300}"


@dataclass(frozen=True)
class Shown:
    """What the API shows of one organization once all work has ended; numberings are by supplier."""

    jobs: Sequence[Row] = ()
    invoices: Sequence[Row] = ()
    numberings: Mapping[int, Row] = field(default_factory=dict)
    sales: Sequence[Row] = ()
    purchases: Sequence[Row] = ()
    stock: Sequence[Row] = ()
    movements: Sequence[Row] = ()
    entries: Sequence[Row] = ()
    trial_balance: Row = field(default_factory=dict)


@dataclass(frozen=True)
class History:
    exchanges: Sequence[Exchange]
    shown: Mapping[str, Shown]

    def of(self, *acts: str) -> list[Exchange]:
        """Return the exchanges of some acts in the order in which they were asked."""
        return sorted((one for one in self.exchanges if one.act in acts), key=lambda one: one.asked)

    def write(self, path: Path) -> None:
        """Write it as JSON, one exchange or organization a line."""
        rows = [*map(asdict, self.exchanges), *({name: asdict(shown)} for name, shown in self.shown.items())]
        path.write_text("\n".join(json.dumps(row, default=str) for row in rows))
