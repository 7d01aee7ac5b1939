from typing import Any

import pytest

from domain.errors import Conflict
from domain.jobs import registry
from domain.jobs.registry import Kind
from tests import chain
from tests.caller import Caller
from tests.clock import Clock

SCHEDULES = "/api/v1/schedules"
NOTE, PICKY = "probe.note", "probe.picky"
ANYTHING = {"type": "object"}


class Schedules:
    """Makes schedules over the API and looks at what became of them."""

    def __init__(self, client: Caller) -> None:
        self.client = client

    def body(self, **terms: Any) -> dict[str, Any]:
        time = {} if {"cron", "everySeconds"} & terms.keys() else {"everySeconds": 3600}
        return {"name": "Probe", "type": NOTE, "payload": {}, **time, **terms}

    def create(self, **terms: Any) -> int:
        answer = self.client.post(SCHEDULES, self.body(**terms))
        assert answer.status_code == 201, answer.json
        return answer.json["id"]

    def show(self, schedule_id: int) -> Any:
        return self.client.get(f"{SCHEDULES}/{schedule_id}").json

    @staticmethod
    def fall_due(schedule_id: int | None = None) -> None:
        """Have the slot of one schedule, or of all, come two seconds ago."""
        chain.ask(
            "UPDATE schedules SET anchor = t, next_at = t FROM (SELECT clock_timestamp() - interval '2 s' AS t) AS now"
            " WHERE next_at IS NOT NULL AND id = coalesce(%s, id)",
            schedule_id,
        )

    @staticmethod
    def jobs(kind: str = NOTE) -> int:
        return chain.value("SELECT count(*) FROM jobs WHERE kind = %s", kind)

    @staticmethod
    def slots() -> list[tuple[Any, ...]]:
        return chain.rows("SELECT schedule_id, slot, job_id FROM schedule_slots ORDER BY 1, 2")


def refuse(*_: Any, **__: Any) -> int:
    raise Conflict("the cupboard is bare")


@pytest.fixture(autouse=True)
def kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind that notes, and one whose submissions are refused."""
    monkeypatch.setitem(registry._kinds, NOTE, Kind(NOTE, lambda *_: [{}], schema=ANYTHING))
    monkeypatch.setitem(registry._kinds, PICKY, Kind(PICKY, lambda *_: [{}], schema=ANYTHING, submit=refuse))


@pytest.fixture
def schedules(client: Caller) -> Schedules:
    return Schedules(client)


@pytest.fixture
def clock(database: str, client: Caller) -> Clock:
    """A clock that can be moved."""
    return Clock(database)
