"""What open pages cost: one look for all that follow the same."""

import pytest

from console.live import Installation, Organization
from db.transaction import transaction
from tests.integration.jobs.test_moves import owe

PAGES = 1000


@pytest.mark.parametrize("several", [1, 2])
def test_a_thousand_pages_cost_one_look(several, organization, other_organization, statements):
    ids = [organization.id, other_organization.id][:several]
    pages = [Organization(ids[n % several]) for n in range(PAGES)]
    with transaction() as session:
        statements.clear()
        found = Organization.look(session, pages)
    assert len([one for one in statements if "string_agg" in one]) == 1
    assert found.keys() == set(pages)


def test_all_who_watch_the_installation_cost_one_look(organization, statements):
    pages = [Installation() for _ in range(PAGES)]
    with transaction() as session:
        statements.clear()
        found = Installation.look(session, pages)
    assert len([one for one in statements if "FROM pauses" in one]) == 1
    assert found.keys() == set(pages)


def test_a_page_is_told_of_a_change_once_and_looked_at_again_after_a_pause(organization, monkeypatch):
    page = Organization(organization.id)

    def told() -> bytes:
        with transaction() as session:
            found = Organization.look(session, [page])
        return page.news(found.get(page)).data

    assert told() == b"", "it shows what is so"
    owe(organization.id)
    assert told() == b"", "it was looked at just now"
    monkeypatch.setattr(Organization, "PAUSE_S", 0.0)
    assert told() == b"event: changed\ndata: \n\n"
    assert told() == b""
