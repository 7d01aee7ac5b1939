"""What an invoice says besides its amounts: how it is paid, what was delivered when, and the buyer's own numbers.

Each is a term of EN 16931; the invoice keeps them as JSON values under these names.
"""

from collections.abc import Mapping
from typing import Any

# A request has these; the supplier's own terms of payment are taken where it has none.
REQUESTED = (
    "delivery_date",  # BT-72
    "delivery_period",  # BG-14: {start, end}
    "purchase_order_number",  # BT-13
    "buyer_reference",  # BT-10
    "contract_number",  # BT-12
    "payment_terms",  # BT-20
    "payment_reference",  # BT-83
)
# A credit note has these of its invoice, and says which one it corrects (credited_number BT-25, credited_date BT-26)
# and why (credit_reason, BT-22).
CARRIED_OVER = REQUESTED[:5]
# A supplier has these: BT-84, BT-86, a web address, BT-20.
OF_SUPPLIER = ("iban", "bic", "payment_link", "payment_terms")


def merged(requested: Mapping[str, Any], supplier: Any) -> dict[str, Any] | None:
    """Return the terms of an invoice: the request's, then those of the supplier's row; None if there are none."""
    own = {name: value for name in OF_SUPPLIER if (value := getattr(supplier, name)) is not None}
    return {**own, **requested} or None
