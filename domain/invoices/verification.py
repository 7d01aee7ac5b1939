"""Whether an invoice that somebody was told of still stands in the chain: the tail of a series may have been lost.

A standby that takes over may lack the last commits of its primary. The numbers in them are then given again, to other
invoices; the hash that was handed out tells the two apart.
"""

from enum import StrEnum

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from db.models import Invoice
from domain.invoices import ledger
from domain.invoices.request import SERIES
from domain.parties import supplier_series, suppliers


class Verdict(StrEnum):
    MATCHES = "matches"
    DIFFERS = "differs"
    MISSING = "missing"


def verify(
    session: Session,
    organization_id: int,
    supplier_id: int,
    number: int | str,
    handed_out: bytes,
    code: str | None = None,
) -> Verdict:
    """Return whether the invoice of this number has the 32-byte hash that was `handed_out`; raise NotFound.

    `number` is the place in the series `code`, that of invoices if None, or as text the number that is printed, in any
    series if None. The hash is computed anew, from the invoice and the hash before it, so an invoice that was changed
    differs too.
    """
    suppliers.get(session, organization_id, supplier_id)
    found = _of(supplier_id).where(Invoice.organization_id == organization_id)
    if isinstance(number, str):
        found = found.where(Invoice.invoice_number == number)
    else:
        found, code = found.where(Invoice.number == number), code or SERIES
    if code:
        found = found.where(Invoice.series_code == supplier_series.get(session, supplier_id, code).code)
    invoice = session.scalar(found)
    if invoice is None:
        return Verdict.MISSING
    earlier = Invoice.series_code == invoice.series_code, Invoice.number < invoice.number
    before = session.scalar(_of(supplier_id).where(*earlier).order_by(Invoice.number.desc()).limit(1))
    previous = bytes(before.hash) if before else ledger.GENESIS
    computed = ledger.link(previous, ledger.content(invoice, invoice.items))
    return Verdict.MATCHES if computed == bytes(invoice.hash) == handed_out else Verdict.DIFFERS


def _of(supplier_id: int) -> Select[Invoice]:
    return select(Invoice).where(Invoice.supplier_id == supplier_id)
