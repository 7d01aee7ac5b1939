"""What events and deliveries cost the database: statements for a run, however much it carries."""

from collections.abc import Callable
from typing import Any

import pytest

from db import queries
from db.transaction import transaction
from domain.events.telling import News, tell
from tests.integration.gateways.receivers import answering, serving
from tests.integration.webhooks.hook import Hook, deliver, number
from tests.tenant import Tenant

Make = Callable[..., Hook]
SENDING = [
    "claim", "lock_webhooks", "hold_webhooks", "load_deliveries",
    "lock_webhooks", "record_attempts", "note_success", "complete", "record_run",
]  # fmt: skip
NUMBERING = [
    "claim", "lock_stream", "sequence_events", "draw_deliveries", "enqueue", "create_deliveries",
    "complete", "record_run",
]  # fmt: skip


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the statements that are run from now on, but for those that a cache saves most of the time."""
    names: list[str] = []
    execute = queries._execute

    def noted(line: Any, name: str, *rest: Any) -> Any:
        if name not in ("find_data_key", "count_waiting"):
            names.append(name)
        return execute(line, name, *rest)

    monkeypatch.setattr(queries, "_execute", noted)
    return names


@pytest.mark.parametrize("count", [1, 40])
def test_a_run_costs_so_many_statements_whatever_it_carries(
    hook: Make, organization: Tenant, statements: list[str], count: int
) -> None:
    with serving(answering()) as receiver:
        made = hook(receiver.url(), "transfer.*")
        with transaction() as session:
            tell(session, organization.id, [News("transfer.sent", {"transferId": n}) for n in range(count)])
        statements.clear()
        number()
        assert statements == NUMBERING
        statements.clear()
        deliver()
    assert statements == SENDING
    assert len(receiver.requests) == len(made.deliveries("?status=delivered")) == count
