from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from db.transaction import transaction
from domain.automations import actions
from domain.automations.actions import Action
from domain.automations.triggering import KIND
from domain.errors import Conflict
from domain.events.telling import KIND as SEQUENCE
from domain.events.telling import News, tell
from domain.jobs import registry
from domain.jobs.registry import Kind
from tests import chain
from tests.caller import Caller, application
from tests.integration.webhooks.api import Api, listening
from tests.tenant import Tenant

AUTOMATIONS = "/api/v1/automations"
NOTE = "probe.note"
SENT = "transfer.sent"
ADD_NOTE = {"do": "add_note", "text": "{{data.transferNumber}}"}


class Automations:
    """Makes automations over the API, tells of events and does the runs."""

    def __init__(self, client: Caller, organization_id: int) -> None:
        self.client, self.organization_id = client, organization_id

    def body(self, event: str = SENT, **fields: Any) -> dict[str, Any]:
        return {"name": "Probe", "trigger": {"event": event}, "actions": [ADD_NOTE], **fields}

    def create(self, *given: dict[str, Any], **fields: Any) -> int:
        body = self.body(**fields) | ({"actions": list(given)} if given else {})
        answer = self.client.post(AUTOMATIONS, body)
        assert answer.status_code == 201, answer.json
        return answer.json["id"]

    def show(self, automation_id: int) -> Any:
        return self.client.get(f"{AUTOMATIONS}/{automation_id}").json

    def runs(self, automation_id: int) -> Any:
        return self.client.get(f"{AUTOMATIONS}/{automation_id}/runs").json

    def statuses(self, automation_id: int) -> list[str]:
        """Return the statuses of its runs, oldest first."""
        return [run["status"] for run in self.runs(automation_id)][::-1]

    def tell(self, *data: dict[str, Any], event: str = SENT) -> None:
        """Tell of events, and number them."""
        with transaction() as session:
            tell(session, self.organization_id, [News(event, one) for one in data])
        number()

    def sent(self, *ids: int, **more: Any) -> None:
        """Tell of transfers that were sent, and do the runs."""
        self.tell(*({"transferId": one, "transferNumber": f"TR-{one}", "jobId": 10**6 + one, **more} for one in ids))
        work()


def number() -> None:
    chain.run_waiting(SEQUENCE)


def work() -> None:
    chain.run_waiting(KIND)


def refuse(*_: Any) -> dict[str, Any]:
    raise Conflict("the cupboard is bare")


def stumble(*_: Any) -> dict[str, Any]:
    raise ValueError("a bug")


@pytest.fixture(autouse=True)
def kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind that notes; actions that are refused, and that break. The application, which others share, knows none."""
    application()
    monkeypatch.setitem(registry._kinds, NOTE, Kind(NOTE, lambda *_: [{}], schema={"type": "object"}))
    for name, perform in (("refuse", refuse), ("stumble", stumble)):
        told = Action(name, "Tests.", "jobs:create", {"type": "object"}, perform)
        monkeypatch.setitem(actions.all_actions(), name, told)


@pytest.fixture
def automations(client: Caller, organization: Tenant) -> Automations:
    return Automations(client, organization.id)


@pytest.fixture
def api(organization: Tenant) -> Iterator[Api]:
    with listening() as api:
        yield api


def told(run: Any) -> Sequence[Any]:
    """Return what each action of a run came to."""
    return [(one["do"], one["status"], one.get("result") or one.get("error")) for one in run["actions"]]
