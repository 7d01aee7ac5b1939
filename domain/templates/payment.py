"""How an invoice is paid: its terms, the account, and a code that banking applications read."""

import re
from collections.abc import Mapping
from decimal import Decimal
from html import escape

from segno.helpers import make_epc_qr
from stdnum import iban

from domain.templates.texts import row
from domain.templates.view import InvoiceView

# What the European Payments Council's guideline EPC069-12 lets a code ask for.
SMALLEST, LARGEST = Decimal("0.01"), Decimal("999999999.99")
MAX_NAME, MAX_REMITTANCE = 70, 140
STRUCTURED = re.compile(r"RF[0-9]{2}[0-9A-Z]{1,21}")
HEIGHT = "28mm"


def payment_section(view: InvoiceView, words: Mapping[str, str]) -> str:
    """Return the section, or nothing for an invoice that says nothing of its payment."""
    terms = view.terms
    if not (terms.payment_terms or terms.iban or terms.payment_link):
        return ""
    rows = "".join(
        (
            row("payment-terms", words["Payment terms"], terms.payment_terms),
            row("iban", "IBAN", iban.format(terms.iban) if terms.iban else None),
            row("bic", "BIC", terms.bic),
            row("payment-reference", words["Payment reference"], _reference(view)),
            row("payment-link", words["Pay online"], terms.payment_link),
        )
    )
    return (
        f'<section class="payment"><div class="how"><h2>{escape(words["Payment"])}</h2>{rows}</div>'
        f"{_code(view, words)}</section>"
    )


def _reference(view: InvoiceView) -> str:
    return view.terms.payment_reference or view.invoice_number


def _code(view: InvoiceView, words: Mapping[str, str]) -> str:
    """Return the code of a credit transfer in euros (EPC069-12), where one can say all of it."""
    if not view.terms.iban or view.currency_code != "EUR" or not SMALLEST <= view.total <= LARGEST:
        return ""
    reference, name = (" ".join(text.split()) for text in (_reference(view), view.supplier.name))
    remittance = {"reference" if STRUCTURED.fullmatch(reference) else "text": reference[:MAX_REMITTANCE]}
    try:
        code = make_epc_qr(name[:MAX_NAME], view.terms.iban, view.total, bic=view.terms.bic, **remittance)
    except ValueError:
        return ""
    image = code.svg_data_uri(border=0)
    return (
        f'<div class="code"><img src="{escape(image)}" style="height: {HEIGHT}" alt="">'
        f'<div class="label">{escape(words["Scan to pay"])}</div></div>'
    )
