"""The chart of accounts."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Account

CASH, RECEIVABLE, INVENTORY, IN_TRANSIT = "1000", "1100", "1300", "1310"
INPUT_TAX, PAYABLE, SALES_TAX, REVENUE, COST_OF_GOODS = "1400", "2000", "2200", "4000", "5000"
# Where the expense of a bill goes that nobody has put elsewhere.
EXPENSES = "6000"

DEFAULT = (
    (CASH, "Cash", "asset"),
    (RECEIVABLE, "Accounts receivable", "asset"),
    (INVENTORY, "Inventory", "asset"),
    (IN_TRANSIT, "Goods in transit", "asset"),
    (INPUT_TAX, "Input tax", "asset"),
    (PAYABLE, "Accounts payable", "liability"),
    (SALES_TAX, "Sales tax payable", "liability"),
    (REVENUE, "Sales revenue", "income"),
    (COST_OF_GOODS, "Cost of goods sold", "expense"),
    (EXPENSES, "General expenses", "expense"),
    ("6100", "Materials and goods", "expense"),
    ("6200", "Services", "expense"),
    ("6300", "Rent and energy", "expense"),
    ("6400", "Office and communication", "expense"),
    ("6500", "Travel", "expense"),
    ("6600", "Vehicles", "expense"),
)


def add_default(session: Session, organization_id: int) -> None:
    """Give a new organization the accounts that its documents' impacts use."""
    session.add_all(
        Account(organization_id=organization_id, code=code, name=name, type=kind) for code, name, kind in DEFAULT
    )
    session.flush()


def accounts(session: Session, organization_id: int) -> Sequence[Account]:
    """Return the accounts of an organization, by code."""
    return session.scalars(
        select(Account).where(Account.organization_id == organization_id).order_by(Account.code)
    ).all()
