"""Each request of a group gets the client that it means, found or created, and never another company."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from db.engine import engine
from domain.errors import Conflict, Invalid, Refusal
from domain.parties import recipients
from domain.parties.matching import keys
from domain.parties.recipients import Asked
from tests.tenant import ADDRESS

CLIENT = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["Ada", "Bell"]),
        "tax_id": st.sampled_from(["", "T1", "t 1", "T2"]),
        "vat_id": st.sampled_from(["", "V1", "v-1", "V2"]),
    }
)
SPELLINGS = [
    "GB123456789", "gb123456789", "GB 123 456 789", "GB-123-456-789", "GB.123.456.789",
    "GB\u2060123456789", "\uff27\uff22123456789", "GB\u00a0123\u2013456789", "\ufeffgb123 456-789",
]  # fmt: skip


@pytest.fixture
def session(database, organization) -> Iterator[Session]:
    with Session(engine()) as session:
        yield session


class Recipient(NamedTuple):
    id: int
    snapshot: dict[str, str]


def resolve(session: Session, asked: Sequence[Asked]) -> list[Any]:
    """Return each request's client with the details that its invoice keeps, or the refusal."""
    ids, kept = recipients.resolve(session, asked), recipients.snapshots(session, asked)
    return [
        one if isinstance(one, Refusal) else Recipient(one, details) for one, details in zip(ids, kept, strict=True)
    ]


def asked(**client: str) -> Asked:
    details = {"name": "Client", **ADDRESS, **client}
    return Asked(1, {name: value for name, value in details.items() if value})


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(clients=st.lists(CLIENT, min_size=1, max_size=6))
@example(clients=[{"name": "Ada", "vat_id": "V1"}, {"name": "Ada", "tax_id": "T1"}, {"name": "Bell", "tax_id": "T1"}])
def _none_gets_another_company(session, clients):
    found = resolve(session, [asked(**client) for client in clients])
    session.rollback()
    creator: dict[int, dict[str, str]] = {}
    for client, recipient in zip(clients, found, strict=True):
        if isinstance(recipient, Conflict):
            continue
        first = creator.setdefault(recipient.id, client)
        assert first["name"] == client["name"], "two names share a client"
        assert len({keys(one).tax for one in (first, client)} - {None}) <= 1, "two tax ids share a client"
    nameless = [one.id for client, one in zip(clients, found, strict=True) if not any(keys(client))]
    assert len(set(nameless)) == len(nameless), "two that share nothing share a client"


def test_no_request_of_a_group_gets_a_client_of_another_name_or_tax_id(session):
    _none_gets_another_company(session)


def test_an_id_that_names_no_client_of_the_organization_is_not_found(session, other_organization):
    [mine] = resolve(session, [asked(name="Mine")])
    found = resolve(session, [Asked(1, {"id": mine.id}), Asked(other_organization.id, {"id": mine.id})])
    assert found[0] == mine
    assert (type(found[1]), str(found[1])) == (Invalid, "client not found")


@pytest.mark.parametrize("field", ["tax_id", "vat_id"])
@pytest.mark.parametrize("together", [True, False], ids=["one group", "one after the other"])
def test_nine_spellings_of_an_id_are_one_client(session, field, together):
    wanted = [asked(**{field: spelling}) for spelling in SPELLINGS]
    groups = [wanted] if together else [[one] for one in wanted]
    found = [one for group in groups for one in resolve(session, group)]
    assert len({one.id for one in found}) == 1
    assert [one.snapshot[field] for one in found] == SPELLINGS, "an invoice keeps what was sent"


@pytest.mark.parametrize("name", ["ACME LTD", "Acme  Ltd.", "\uff21cme Ltd", "Acme\u200b Ltd "])
def test_spellings_of_a_legal_name_are_one_company(session, name):
    one, same = resolve(session, [asked(name="Acme Ltd", tax_id="T"), asked(name=name, tax_id="T")])
    assert one.id == same.id


def test_companies_of_a_vat_group_are_told_apart_by_their_tax_ids(session):
    group = [asked(name=name, tax_id=tax, vat_id="V") for name, tax in (("One", "1"), ("Two", "2"))]
    first = resolve(session, group)
    assert len({one.id for one in first}) == 2
    assert resolve(session, group) == first
    assert resolve(session, [asked(name="Two", vat_id="V")])[0].id == first[1].id


def test_contact_details_go_on_the_invoice_as_sent_and_leave_the_client_alone(session):
    [first] = resolve(session, [asked(tax_id="T", email="a@example.com")])
    moved = asked(tax_id="T", address_line1="2 Side Street", phone="1")
    [second] = resolve(session, [moved])
    assert second == Recipient(first.id, dict(moved.client))
    assert resolve(session, [Asked(1, {"id": first.id})]) == [first]


@pytest.mark.parametrize("together", [True, False], ids=["one group", "one after the other"])
@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"name": "Bell", "tax_id": "t", "vat_id": "V"}, "client.name"),
        ({"name": "Bell", "vat_id": "V"}, "client.name"),
        ({"name": "Ada", "tax_id": "T2", "vat_id": "V"}, "client.taxId"),
    ],
)
def test_another_legal_name_or_tax_id_is_refused_with_the_client_to_send_instead(session, other, field, together):
    wanted = [asked(name="Ada", tax_id="T", vat_id="V"), asked(**other)]
    groups = [wanted] if together else [[one] for one in wanted]
    known, refused = [one for group in groups for one in resolve(session, group)]
    assert isinstance(refused, Conflict)
    assert (list(refused.errors), refused.members) == ([field], {"clientId": known.id})
    for company in (f'"{other["name"]}"', '"Ada" (tax id T, VAT id V)'):
        assert company in str(refused)


def test_the_tax_id_goes_before_the_vat_id(session):
    one, other = resolve(session, [asked(tax_id="T"), asked(name="Other", vat_id="V")])
    [both] = resolve(session, [asked(tax_id="T", vat_id="V")])
    assert (both.id, other.id != one.id) == (one.id, True)
