"""The chain that proves a series complete and untouched.

The hash of an invoice is SHA-256 over the hash before it, then the invoice's own content as canonical JSON (keys
sorted, no white space, UTF-8, amounts as plain decimals without trailing zeros). The first one follows 32 zero bytes.
"""

import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import orjson

GENESIS = bytes(32)

FIELDS = (
    "organization_id", "supplier_id", "series_code", "number", "invoice_number", "client_id", "template_hash",
    "issue_date", "due_date", "locale_code", "currency_code", "supplier", "client",
    "subtotal", "tax_total", "total", "notes", "items",
)  # fmt: skip
ITEM_FIELDS = (
    "line_number", "description", "quantity", "unit_price", "discount", "tax_rate",
    "line_subtotal", "line_tax", "line_total",
)  # fmt: skip

# What came later is left out where it has the value that every earlier invoice had: so their hashes stay as they are.
ADDED = {"tax_rounding": "line", "terms": None, "document_type": 380, "credited_invoice_id": None}
ADDED_TO_ITEMS = ("tax_category", "exemption_reason", "unit_code", "item_id", "credited_line")


def link(previous: bytes, content: Mapping[str, Any]) -> bytes:
    """Return the 32-byte hash that follows `previous`, of an invoice's `content` under FIELDS and ADDED."""
    return chained(previous, canonical(content))


def canonical(content: Mapping[str, Any]) -> bytes:
    """Return the canonical JSON of an invoice's `content`."""
    added = {name: content[name] for name, former in ADDED.items() if content[name] != former}
    return orjson.dumps({name: content[name] for name in FIELDS} | added, option=orjson.OPT_SORT_KEYS)


def chained(previous: bytes, canonical: bytes) -> bytes:
    """Return the 32-byte hash of canonical JSON that follows `previous`."""
    return hashlib.sha256(previous + canonical).digest()


def content(invoice: Any, items: Sequence[Any]) -> dict[str, Any]:
    """Return the canonical content of a stored invoice and its items, in line order."""
    values = {name: plain(getattr(invoice, name)) for name in (*FIELDS, *ADDED) if name != "items"}
    values["items"] = [_item(item) for item in items]
    return values


def _item(item: Any) -> dict[str, Any]:
    added = {name: value for name in ADDED_TO_ITEMS if (value := getattr(item, name)) is not None}
    return {name: plain(getattr(item, name)) for name in ITEM_FIELDS} | added


def plain(value: Any) -> Any:
    """Return `value` as the one JSON value that stands for it."""
    if value is None or isinstance(value, (int, str, dict)):
        return value
    if isinstance(value, Decimal):
        return decimal(value)
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return value.isoformat()


def decimal(value: Decimal) -> str:
    """Return `value` without exponent and trailing zeros, however many decimals it was stored with."""
    text = format(value, "f") if value else "0"  # PostgreSQL keeps no negative zero, so the hash must not
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text
