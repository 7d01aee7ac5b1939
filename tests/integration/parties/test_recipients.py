"""Each request of a group gets the client that it names, found or created."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from db.engine import engine
from domain.parties import recipients
from domain.parties.recipients import Asked
from tests.tenant import ADDRESS

CLIENT = st.fixed_dictionaries(
    {"tax_id": st.sampled_from(["", "T1", "T2"]), "vat_id": st.sampled_from(["", "V1", "V2"])}
)


@pytest.fixture
def session(database, organization) -> Iterator[Session]:
    with Session(engine()) as session:
        yield session


def asked(client: dict[str, str]) -> Asked:
    return Asked(1, {"name": "Client", **ADDRESS, **{name: value for name, value in client.items() if value}})


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(clients=st.lists(CLIENT, min_size=1, max_size=6))
@example(clients=[{"tax_id": "T1"}, {"tax_id": "T1", "vat_id": "V1"}, {"vat_id": "V1"}])
def _each_has_a_client(session, clients):
    found = recipients.resolve(session, [asked(client) for client in clients])
    session.rollback()
    assert None not in found, "a client that could be created was not found"
    for client, recipient in zip(clients, found, strict=True):
        given_ids = {(name, value) for name, value in client.items() if value}
        assert not given_ids or given_ids & recipient.snapshot.items(), "matched by neither tax nor VAT id"
    nameless = [one.id for client, one in zip(clients, found, strict=True) if not any(client.values())]
    assert len(set(nameless)) == len(nameless), "two that share nothing share a client"


def test_each_of_a_group_gets_a_client_that_shares_its_tax_or_vat_id(session):
    _each_has_a_client(session)


def test_an_id_that_names_no_client_of_the_organization_is_not_found(session, other_organization):
    [mine] = recipients.resolve(session, [Asked(1, {"name": "Mine", **ADDRESS})])
    found = recipients.resolve(session, [Asked(1, {"id": mine.id}), Asked(other_organization.id, {"id": mine.id})])
    assert found == [mine, None]


def test_the_tax_id_goes_before_the_vat_id(session):
    one, other = recipients.resolve(
        session,
        [Asked(1, {"name": "One", **ADDRESS, "tax_id": "T"}), Asked(1, {"name": "Other", **ADDRESS, "vat_id": "V"})],
    )
    both = {"name": "Both", **ADDRESS, "tax_id": "T", "vat_id": "V"}
    assert recipients.resolve(session, [Asked(1, both)]) == [one]
    assert other != one
