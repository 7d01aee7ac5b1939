from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from db.models import NumberSeries, Supplier

SERIES_FIELDS = {
    "invoice_prefix": "prefix",
    "invoice_number_digits": "digits",
    "invoice_start_number": "start_number",
}


def create_supplier(session: Session, organization_id: int, fields: Mapping[str, Any]) -> Supplier:
    """Return a new supplier with its invoice series, which begins at the series' start number."""
    series = {SERIES_FIELDS[name]: value for name, value in fields.items() if name in SERIES_FIELDS}
    party = {name: value for name, value in fields.items() if name not in SERIES_FIELDS}
    supplier = Supplier(organization_id=organization_id, series=NumberSeries(**series), **party)
    session.add(supplier)
    session.flush()
    session.refresh(supplier)
    return supplier
