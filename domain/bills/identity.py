"""By what a bill and its supplier are known: the same for all spellings of ids, names and numbers."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from domain.text import Unbounded, comparable_identity, comparable_legal_name

MAX_KEY = 200
AMOUNTS = ("subtotal", "tax_total", "total")
# As many digits as a column of amounts takes before the point.
LARGEST = Decimal(10) ** 15


class Keys(NamedTuple):
    """What of a bill's fields stands in columns of its own; None where a field says nothing that could."""

    supplier_key: str | None
    number_key: str | None
    issue_date: date | None
    currency_code: str | None
    subtotal: Decimal | None
    tax_total: Decimal | None
    total: Decimal | None


def keys(fields: Mapping[str, Any]) -> Keys:
    """Return the keys of a bill's fields as its row keeps them."""
    said = {name: found["value"] for name, found in fields.items()}
    number = comparable_identity(said.get("invoice_number") or "")[:MAX_KEY] or None
    currency = said.get("currency_code") or None
    amounts = (_amount(said.get(name)) for name in AMOUNTS)
    return Keys(supplier_key(said), number, _day(said.get("issue_date")), currency, *amounts)


def supplier_key(said: Mapping[str, Any]) -> str | None:
    """Return what a supplier is known by: its VAT id, else its tax id, its IBAN or its name."""
    for name in ("supplier_vat_id", "supplier_tax_id", "iban"):
        if key := comparable_identity(said.get(name) or ""):
            return f"{name.removeprefix('supplier_')}:{key}"[:MAX_KEY]
    try:
        name = comparable_legal_name(said.get("supplier_name") or "")
    except Unbounded:  # a file may have what nobody writes
        return None
    return f"name:{name}"[:MAX_KEY] if name else None


def _amount(text: str | None) -> Decimal | None:
    try:
        amount = Decimal(text or "")
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and abs(amount) < LARGEST else None


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None
