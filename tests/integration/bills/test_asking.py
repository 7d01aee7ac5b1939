"""Bills that wait for a service outside leave the rest of the io part to others."""

import json
from collections.abc import Callable, Iterator

import pytest

import settings
from domain.bills import providers
from domain.bills.extraction import model
from domain.shares import OverShare
from tests import chain
from tests.caller import Caller
from tests.conftest import configure
from tests.integration.bills.papers import pdf, send
from tests.integration.bills.services import completed, saying
from tests.integration.gateways.receivers import Server, serving
from tests.tenant import Tenant

NOTHING = json.dumps(dict.fromkeys(model.ASKED))


@pytest.fixture
def service() -> Iterator[Server]:
    """A model that finds nothing, asked besides the rules; two bills may wait for it at once."""
    before = settings.current()
    providers.places.cache_clear()
    with serving(saying(completed(NOTHING))) as server:
        url = f"http://127.0.0.1:{server.port}"
        configure(extraction_provider="openai", extraction_url=url, extraction_model="a-model", io_concurrency=8)
        yield server
    settings.use(before)
    providers.places.cache_clear()


def taken(organization_id: int) -> list[Callable[[], None]]:
    """Take as many places as the organization gets."""
    held = []
    try:
        while True:
            held.append(providers.places().take(organization_id))
    except OverShare:
        return held


def test_an_organization_whose_bills_hold_its_share_waits_and_no_attempt_is_counted(
    service: Server, client: Caller, organization: Tenant
) -> None:
    send(client, pdf())
    chain.run_waiting("invoice.process")
    held = taken(organization.id)
    assert 0 < len(held) <= 2
    chain.run_waiting("bill.ask")
    assert (service.requests, chain.rows("SELECT status, attempts FROM jobs WHERE kind = 'bill.ask'")) == (
        [],
        [("PENDING", 0)],
    )
    for give_back in held:
        give_back()
    chain.ask("UPDATE open_jobs SET available_at = clock_timestamp() WHERE kind = 'bill.ask'")
    chain.run_waiting("bill.ask")
    assert (len(service.requests), chain.value("SELECT count(*) FROM bills WHERE status = 'needs_review'")) == (1, 1)
    assert len(taken(organization.id)) == len(held), "a place was not given back"
