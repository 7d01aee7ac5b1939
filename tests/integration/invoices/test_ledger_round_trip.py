"""What the database gives back hashes to what was hashed before it was stored."""

from datetime import date
from decimal import ROUND_DOWN, Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.transaction import transaction
from domain.invoices import generation
from domain.invoices.request import InvoiceRequest, Item
from domain.pdf import fonts
from domain.tax import EXEMPTIONS
from tests import chain
from tests.checker import check
from tests.tenant import ADDRESS

DRAWN = sorted(chr(one) for one in frozenset().union(*(font.characters for font in fonts._fonts(fonts.folders()))))
TEXT = st.text(st.sampled_from([*DRAWN, "\n", "\u200f", "\u00ad"]), min_size=1, max_size=12)


DATES = st.dates(date(2000, 1, 1), date(2100, 1, 1))


def amounts(places: int, low: str = "0") -> st.SearchStrategy[Decimal]:
    return st.decimals(low, "99999", places=places)


def item(text: str, quantity: Decimal, price: Decimal, reduced: Decimal, rate: Decimal | None) -> Item:
    """Return a line of which the part `reduced` is its discount."""
    return Item(text, quantity, price, (quantity * price * reduced).quantize(Decimal("0.0001"), ROUND_DOWN), rate)


RATES = st.none() | amounts(4).map(lambda n: n % 2)
TAXED = st.builds(item, TEXT, amounts(4, "0.0001"), amounts(6), st.decimals(0, 1, places=3), RATES)
EXEMPT = st.builds(
    Item, TEXT, amounts(4, "0.0001"), amounts(6), tax_category=st.sampled_from(sorted(EXEMPTIONS)),
    exemption_reason=st.none() | TEXT, unit_code=st.none() | st.just("HUR"), item_id=st.none() | TEXT,
)  # fmt: skip
ITEM = TAXED | EXEMPT
TERMS = st.fixed_dictionaries({}, optional={
    "delivery_date": DATES.map(str), "payment_terms": TEXT, "contract_number": TEXT, "payment_reference": TEXT,
    "delivery_period": st.just({"start": "2026-01-01", "end": "2026-01-31"}),
})  # fmt: skip
CLIENT = st.fixed_dictionaries({"name": TEXT}, optional={"city": TEXT, "region": TEXT, "email": TEXT})
REQUEST = st.builds(
    InvoiceRequest,
    organization_id=st.just(1),
    supplier_id=st.just(1),
    client=CLIENT.map(lambda client: ADDRESS | client),
    items=st.lists(ITEM, min_size=1, max_size=3).map(tuple),
    issue_date=st.none() | DATES,
    currency_code=st.sampled_from(["EUR", "JPY", "KWD"]),
    notes=st.none() | TEXT,
    locale_code=st.none() | st.sampled_from(["de_DE", "ar_EG", "ja_JP"]),
    terms=TERMS,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(requests=st.lists(REQUEST, min_size=1, max_size=3))
def _issue(database, requests):
    with transaction() as session:
        issued = generation.issue(session, requests)
    assert not any(isinstance(one, Exception) for one in issued)


def test_whatever_is_issued_verifies_as_it_is_read(database, organization):
    chain.ask("UPDATE number_series SET chronology = 'warn'")
    chain.ask("UPDATE suppliers SET iban = 'GB82WEST12345698765432', payment_terms = 'soon'")
    _issue(database)
    chain.keep_books()
    check(database)
