"""A bill is known by its fields, whatever a stranger has written into them."""

from domain.bills.identity import keys


def test_a_name_that_nobody_writes_makes_no_key() -> None:
    found = keys({"supplier_name": {"value": "a" + "\u0301" * 100}, "total": {"value": "120.00"}})
    assert (found.supplier_key, str(found.total)) == (None, "120.00")


def test_what_is_larger_than_any_amount_is_none() -> None:
    found = keys({name: {"value": "9" * 20} for name in ("subtotal", "tax_total", "total")})
    assert (found.subtotal, found.tax_total, found.total) == (None, None, None)
