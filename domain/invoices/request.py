from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from domain.errors import Invalid

KIND = "invoice.generate"


@dataclass(frozen=True, slots=True)
class Item:
    """One line as asked for; `tax_rate` is a fraction, None means the supplier's."""

    description: str
    quantity: Decimal
    unit_price: Decimal
    discount: Decimal = Decimal(0)
    tax_rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class InvoiceRequest:
    """The invoice that is asked for. `client` is {"id": n} or the fields of a party."""

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

    def check_dates(self, today: date) -> None:
        """Raise Invalid if the invoice would be due before it is issued: `today`, unless it says when."""
        if self.due_date and self.due_date < (self.issue_date or today):
            issued = "issue_date" if self.issue_date else f"today, {today}, when it is issued"
            raise Invalid.sentence(f"due_date must not be before {issued}", "dueDate")

    def payload(self) -> dict[str, Any]:
        """Return the request as JSON values; amounts as text, so that no float ever touches them."""
        return {
            "supplier_id": self.supplier_id,
            "client": dict(self.client),
            "items": [
                [i.description, str(i.quantity), str(i.unit_price), str(i.discount), _text(i.tax_rate)]
                for i in self.items
            ],
            "issue_date": _text(self.issue_date),
            "due_date": _text(self.due_date),
            "currency_code": self.currency_code,
            "notes": self.notes,
        }

    @classmethod
    def of_job(cls, organization_id: int, job_id: int, payload: Mapping[str, Any]) -> "InvoiceRequest":
        """Return the request that `payload` was made from, to be linked to its job."""
        return cls(
            organization_id,
            payload["supplier_id"],
            payload["client"],
            tuple(
                Item(text, Decimal(quantity), Decimal(price), Decimal(discount), rate and Decimal(rate))
                for text, quantity, price, discount, rate in payload["items"]
            ),
            _date(payload["issue_date"]),
            _date(payload["due_date"]),
            payload["currency_code"],
            payload["notes"],
            job_id=job_id,
        )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
