"""Transfers, sales and purchases: made whole with their lines and number, shown, listed."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, selectinload

from db.models import (
    Location,
    Organization,
    Product,
    Purchase,
    PurchaseLine,
    Sale,
    SaleLine,
    Transfer,
    TransferLine,
)
from db.queries import run
from domain.errors import Invalid, NotFound, say
from domain.inventory import catalogue
from domain.invoices.request import Item
from domain.pricing import Priced, price

Fields = Mapping[str, Any]


def create_transfer(session: Session, organization_id: int, fields: Fields) -> Transfer:
    """Return a new draft; raise Invalid, which names every field that is wrong."""
    ends = {"fromLocationId": fields["from_location_id"], "toLocationId": fields["to_location_id"]}
    _check(session, organization_id, ends, fields["lines"])
    if len(set(ends.values())) == 1:
        raise Invalid.fields({"toLocationId": ["must be another location than fromLocationId"]})
    return _add(session, Transfer(organization_id=organization_id, **_with(fields, TransferLine)), "TR")


def create_sale(session: Session, organization_id: int, fields: Fields) -> Sale:
    """Return a new pending sale with its amounts; raise Invalid."""
    _check(session, organization_id, {"locationId": fields["location_id"]}, fields["lines"])
    lines = [{"tax_rate": Decimal(0)} | line for line in fields["lines"]]
    priced = _priced(session, organization_id, lines, "unit_price")
    for line, amounts in zip(lines, priced.lines, strict=True):
        line |= {"line_subtotal": amounts.subtotal, "line_tax": amounts.tax}
    totals = {"subtotal": priced.subtotal, "tax_total": priced.tax_total, "total": priced.total}
    sale = _with({**fields, **totals, "lines": lines}, SaleLine)
    return _add(session, Sale(organization_id=organization_id, **sale), "SA")


def create_purchase(session: Session, organization_id: int, fields: Fields) -> Purchase:
    """Return a new draft with its amounts; raise Invalid."""
    _check(session, organization_id, {"locationId": fields["location_id"]}, fields["lines"])
    priced = _priced(session, organization_id, fields["lines"], "unit_cost")
    amounts = zip(fields["lines"], priced.lines, strict=True)
    lines = [{**line, "line_total": amount.subtotal} for line, amount in amounts]
    purchase = _with({**fields, "total": priced.subtotal, "lines": lines}, PurchaseLine)
    return _add(session, Purchase(organization_id=organization_id, **purchase), "PO")


def get(session: Session, model: type[Any], organization_id: int, document_id: int) -> Any:
    """Return one document with its lines; raise NotFound."""
    wanted = of(model, organization_id).where(model.id == document_id).options(selectinload(model.lines))
    document = session.scalar(wanted)
    if document is None:
        raise NotFound(say("%(noun)s not found", noun=noun(model)))
    return document


def page(session: Session, model: type[Any], organization_id: int, before: int | None, limit: int) -> Sequence[Any]:
    """Return up to `limit` documents, newest first, those with an id below `before` if that is given."""
    wanted = of(model, organization_id).order_by(model.id.desc()).limit(limit)
    return session.scalars(wanted.where(model.id < before) if before else wanted).all()


def of(model: type[Any], organization_id: int) -> Select[Any]:
    """Return the query for the organization's documents of one sort."""
    return select(model).where(model.organization_id == organization_id)


def noun(model: type[Any]) -> str:
    """Return what a document is called: transfer, sale, purchase."""
    return model.__name__.lower()


def _check(session: Session, organization_id: int, places: Mapping[str, int], lines: Sequence[Fields]) -> None:
    strange = catalogue.unknown(session, Location, organization_id, places.values())
    wrong = {field: ["is not a known location"] for field, place in places.items() if place in strange}
    strange = catalogue.unknown(session, Product, organization_id, {line["product_id"] for line in lines})
    wrong |= {
        f"lines[{n}].productId": ["is not a known product"]
        for n, line in enumerate(lines)
        if line["product_id"] in strange
    }
    if wrong:
        raise Invalid.fields(wrong)


def _priced(session: Session, organization_id: int, lines: Sequence[Fields], amount: str) -> Priced:
    currency = select(Organization.currency_code).where(Organization.id == organization_id)
    items = [Item("", line["quantity"], line[amount], tax_rate=line.get("tax_rate")) for line in lines]
    try:
        return price(items, session.scalars(currency).one(), Decimal(0))
    except Invalid as refused:
        raise Invalid.fields({"lines": [f"are too much: {refused}"]}) from None


def _with(fields: Fields, line: type[Any]) -> dict[str, Any]:
    return {**fields, "lines": [line(line_number=n, **one) for n, one in enumerate(fields["lines"], 1)]}


def _add(session: Session, document: Any, prefix: str) -> Any:
    [counter] = run(session, "next_document_number", organization_id=document.organization_id, prefix=prefix)
    document.number = f"{prefix}-{counter.month}-{counter.last_number:04d}"
    session.add(document)
    session.flush()
    session.refresh(document)
    return document
