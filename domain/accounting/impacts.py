"""The impact of a source on the accounts: lines that balance, in whole units of their currency, or no lines."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from db.queries import run
from domain.accounting.chart import (
    CASH,
    COST_OF_GOODS,
    IN_TRANSIT,
    INPUT_TAX,
    INVENTORY,
    PAYABLE,
    RECEIVABLE,
    REVENUE,
    SALES_TAX,
)
from domain.accounting.sources import Version
from domain.invoices.request import CREDIT_NOTE
from domain.money import decimals

ZERO = Decimal(0)


class Line(NamedTuple):
    """A debit or a credit; the other one is zero."""

    account_code: str
    debit: Decimal
    credit: Decimal
    location_id: int | None = None


class Impact(NamedTuple):
    entry_date: date
    currency_code: str
    lines: list[Line]


def load(session: Session, versions: Iterable[Version]) -> dict[Version, Impact]:
    """Return the impact of each source that has one, read with one statement a type."""
    by_type: dict[str, dict[int, Version]] = defaultdict(dict)
    for version in versions:
        by_type[version.type][version.id] = version
    return {
        version: impact
        for name, wanted in by_type.items()
        for version, impact in _of_type(session, name, wanted)
        if impact.lines
    }


def _of_type(session: Session, name: str, wanted: dict[int, Version]) -> Iterator[tuple[Version, Impact]]:
    statement, groups = STATEMENTS[name]
    for row in run(session, statement, ids=list(wanted)):
        if row.organization_id == wanted[row.id].organization_id:
            unit = Decimal(1).scaleb(-decimals(row.currency_code))
            lines = [line for group in groups(row) for line in _rounded(group, unit) if line.debit or line.credit]
            yield wanted[row.id], Impact(row.entry_date, row.currency_code, lines)


def _rounded(group: list[Line], unit: Decimal) -> list[Line]:
    """Return lines that balance, in whole units of their currency; what rounding leaves over is the last credit's."""
    *lines, last = [
        line._replace(debit=line.debit.quantize(unit, ROUND_HALF_UP), credit=line.credit.quantize(unit, ROUND_HALF_UP))
        for line in group
    ]
    rest = sum((line.debit - line.credit for line in (*lines, last)), ZERO)
    return [*lines, last._replace(credit=last.credit + rest)]


def _invoice(row: Any) -> list[list[Line]]:
    if row.document_type == CREDIT_NOTE:
        return [[_debit(REVENUE, row.subtotal), _debit(SALES_TAX, row.tax_total), _credit(RECEIVABLE, row.total)]]
    return [[_debit(RECEIVABLE, row.total), _credit(REVENUE, row.subtotal), _credit(SALES_TAX, row.tax_total)]]


def _payment(row: Any) -> list[list[Line]]:
    """Return what a payment received does, or with an amount below zero one that was given back."""
    if row.amount < 0:
        return [[_debit(RECEIVABLE, -row.amount), _credit(CASH, -row.amount)]]
    return [[_debit(CASH, row.amount), _credit(RECEIVABLE, row.amount)]]


def _sale(row: Any) -> list[list[Line]]:
    return [
        [_debit(CASH, row.total), _credit(REVENUE, row.subtotal), _credit(SALES_TAX, row.tax_total)],
        [_debit(COST_OF_GOODS, row.cost, row.location_id), _credit(INVENTORY, row.cost, row.location_id)],
    ]


def _purchase(row: Any) -> list[list[Line]]:
    return [[_debit(INVENTORY, row.total, row.location_id), _credit(PAYABLE, row.total)]]


def _transfer(row: Any) -> list[list[Line]]:
    arrived = row.status == "completed"
    there = _debit(INVENTORY, row.value, row.to_location_id) if arrived else _debit(IN_TRANSIT, row.value)
    return [[there, _credit(INVENTORY, row.value, row.from_location_id)]]


def _bill(row: Any) -> list[list[Line]]:
    """Return what a bill does, or with amounts below zero a credit note that was received."""
    if row.total < 0:
        tax = _credit(INPUT_TAX, -row.tax_total)
        return [[_debit(PAYABLE, -row.total), tax, _credit(row.account_code, -row.subtotal)]]
    return [[_debit(row.account_code, row.subtotal), _debit(INPUT_TAX, row.tax_total), _credit(PAYABLE, row.total)]]


def _debit(account_code: str, amount: Decimal, location_id: int | None = None) -> Line:
    return Line(account_code, amount, ZERO, location_id)


def _credit(account_code: str, amount: Decimal, location_id: int | None = None) -> Line:
    return Line(account_code, ZERO, amount, location_id)


STATEMENTS: dict[str, tuple[str, Callable[[Any], list[list[Line]]]]] = {
    "invoice": ("account_invoices", _invoice),
    "sale": ("account_sales", _sale),
    "purchase": ("account_purchases", _purchase),
    "transfer": ("account_transfers", _transfer),
    "payment": ("account_payments", _payment),
    "bill": ("account_bills", _bill),
}
