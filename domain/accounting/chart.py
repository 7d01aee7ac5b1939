"""The chart of accounts."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Account

CASH, RECEIVABLE, INVENTORY, IN_TRANSIT = "1000", "1100", "1300", "1310"
PAYABLE, SALES_TAX, REVENUE, COST_OF_GOODS = "2000", "2200", "4000", "5000"

DEFAULT = (
    (CASH, "Cash", "asset"),
    (RECEIVABLE, "Accounts receivable", "asset"),
    (INVENTORY, "Inventory", "asset"),
    (IN_TRANSIT, "Goods in transit", "asset"),
    (PAYABLE, "Accounts payable", "liability"),
    (SALES_TAX, "Sales tax payable", "liability"),
    (REVENUE, "Sales revenue", "income"),
    (COST_OF_GOODS, "Cost of goods sold", "expense"),
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
