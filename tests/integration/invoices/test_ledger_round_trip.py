"""What the database gives back hashes to what was hashed before it was stored."""

from datetime import date
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.transaction import transaction
from domain.invoices import generation
from domain.invoices.request import InvoiceRequest, Item
from tests import chain
from tests.checker import check
from tests.tenant import ADDRESS

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=12)


def amounts(places: int, low: str = "0") -> st.SearchStrategy[Decimal]:
    return st.decimals(low, "99999", places=places)


ITEM = st.builds(Item, TEXT, amounts(4, "0.0001"), amounts(6), amounts(4), st.none() | amounts(4).map(lambda n: n % 2))
CLIENT = st.fixed_dictionaries({"name": TEXT}, optional={"city": TEXT, "region": TEXT, "email": TEXT})
DATES = st.dates(date(2000, 1, 1), date(2100, 1, 1))
REQUEST = st.builds(
    InvoiceRequest,
    organization_id=st.just(1),
    supplier_id=st.just(1),
    client=CLIENT.map(lambda client: ADDRESS | client),
    items=st.lists(ITEM, min_size=1, max_size=3).map(tuple),
    issue_date=st.none() | DATES,
    currency_code=st.sampled_from(["EUR", "JPY", "KWD"]),
    notes=st.none() | TEXT,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(requests=st.lists(REQUEST, min_size=1, max_size=3))
def _issue(database, requests):
    with transaction() as session:
        issued = generation.issue(session, requests)
    assert not any(isinstance(one, Exception) for one in issued)


def test_whatever_is_issued_verifies_as_it_is_read(database, organization):
    _issue(database)
    chain.keep_books()
    check(database)
