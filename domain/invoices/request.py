from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

KIND, CREDIT_KIND = "invoice.generate", "invoice.credit"
# What a document is, by UNCL1001.
INVOICE, CREDIT_NOTE = 380, 381
# The series in which a supplier's invoices are numbered, unless the request names another.
SERIES = "invoice"
# The series of a supplier's credit notes, in which no invoice is numbered.
CREDIT_SERIES = "credit"
# What a line says besides its text and amounts, and seldom does.
DETAILS = ("tax_category", "exemption_reason", "unit_code", "item_id")


@dataclass(frozen=True, slots=True)
class Item:
    """One line as asked for; `tax_rate` is a fraction, None means the supplier's, or 0 as the category has it."""

    description: str
    quantity: Decimal
    unit_price: Decimal
    discount: Decimal = Decimal(0)
    tax_rate: Decimal | None = None
    tax_category: str | None = None
    exemption_reason: str | None = None
    unit_code: str | None = None
    item_id: str | None = None

    def details(self) -> dict[str, str]:
        """Return those of DETAILS that the line has."""
        if self.tax_category is self.exemption_reason is self.unit_code is self.item_id is None:
            return {}
        return {name: value for name in DETAILS if (value := getattr(self, name)) is not None}


@dataclass(frozen=True, slots=True)
class InvoiceRequest:
    """The invoice that is asked for. `client` is {"id": n} or the fields of a party.

    `terms` are JSON values by the names of domain.invoices.terms, `created_by` who asks.
    """

    organization_id: int
    supplier_id: int
    client: Mapping[str, Any]
    items: tuple[Item, ...]
    issue_date: date | None = None
    due_date: date | None = None
    currency_code: str | None = None
    notes: str | None = None
    unpaid: bool = False
    job_id: int | None = None
    series_code: str = SERIES
    locale_code: str | None = None
    terms: Mapping[str, Any] = field(default_factory=dict)
    created_by: str | None = None

    def payload(self) -> dict[str, Any]:
        """Return the request as JSON values; amounts as text, so that no float ever touches them."""
        return {
            "supplier_id": self.supplier_id,
            "client": dict(self.client),
            "items": [_packed(item) for item in self.items],
            "issue_date": _text(self.issue_date),
            "due_date": _text(self.due_date),
            "currency_code": self.currency_code,
            "notes": self.notes,
            **({"series_code": self.series_code} if self.series_code != SERIES else {}),
            **({"locale_code": self.locale_code} if self.locale_code else {}),
            **({"terms": dict(self.terms)} if self.terms else {}),
        }

    @classmethod
    def of_job(cls, organization_id: int, job_id: int, payload: Mapping[str, Any]) -> "InvoiceRequest":
        """Return the request that `payload` was made from, to be linked to its job."""
        return cls(
            organization_id,
            payload["supplier_id"],
            payload["client"],
            tuple(_unpacked(*item) for item in payload["items"]),
            _date(payload["issue_date"]),
            _date(payload["due_date"]),
            payload["currency_code"],
            payload["notes"],
            job_id=job_id,
            series_code=payload.get("series_code", SERIES),
            locale_code=payload.get("locale_code"),
            terms=payload.get("terms", {}),
        )


def _packed(item: Item) -> list[Any]:
    packed = [item.description, str(item.quantity), str(item.unit_price), str(item.discount), _text(item.tax_rate)]
    details = item.details()
    return [*packed, details] if details else packed


def _unpacked(
    text: str, quantity: str, price: str, discount: str, rate: str | None, details: Mapping[str, str] | None = None
) -> Item:
    own_rate = Decimal(rate) if rate is not None else None
    return Item(text, Decimal(quantity), Decimal(price), Decimal(discount), own_rate, **(details or {}))


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
