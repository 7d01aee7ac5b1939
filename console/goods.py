"""What the pages of transfers, sales and purchases share: the lines in their forms, their job, and undoing."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from flask import g, request
from sqlalchemy.orm import Session

from api.http.changes import change
from api.http.schema import Body
from console import forms, typed
from console.lists import ROWS, Listed, after, listed
from console.words import gettext as _
from console.words import said
from db import models
from db.transaction import report, transaction
from domain.errors import Invalid, told
from domain.identity import organizations
from domain.inventory import catalogue, documents, undoing
from domain.inventory.steps import Step
from domain.jobs import catalogue as jobs
from domain.jobs.lifecycle import UNFINISHED
from domain.jobs.submission import submit

EMPTY_ROWS = 3
LINES_SHOWN = 100
# What the fields for a line's product and location offer; any other can be typed.
MAX_OFFERED = 200
LINE = re.compile(r"lines\[([0-9]+)\]\.?(\w*)")


class Column(NamedTuple):
    """A column of the lines in a form, by its name in the operation's body."""

    name: str
    label: str


def columns(*more: str) -> list[Column]:
    """Return the columns that every document has, and `more`."""
    labels = {
        "sku": _("Product (SKU)"), "quantity": _("Quantity"), "unitCost": _("Unit cost"),
        "unitPrice": _("Unit price"), "taxRate": _("Tax, percent"),
    }  # fmt: skip
    return [Column(name, labels[name]) for name in ("sku", "quantity", *more)]


def page(model: type[Any]) -> Listed[Any]:
    """Return the page of a list of documents that the request asks for."""
    with report() as session:
        return listed(documents.page(session, model, g.organization_id, after(), ROWS + 1))


def locations(session: Session) -> Sequence[models.Location]:
    """Return the locations that a form offers."""
    return catalogue.page(session, models.Location, g.organization_id, 0, MAX_OFFERED)


def names(rows: Sequence[Any], *fields: str) -> Mapping[int, models.Location]:
    """Return the locations that rows of a list name."""
    ids = {getattr(row, name) for row in rows for name in fields}
    with transaction() as session:
        return catalogue.named(session, models.Location, g.organization_id, ids)


def form(*more: str) -> dict[str, Any]:
    """Return what the template of a form needs: `rows` are filled as they were sent, with some empty ones."""
    with report() as session:
        products = catalogue.page(session, models.Product, g.organization_id, 0, MAX_OFFERED)
        offered = locations(session)
    wanted = columns(*more)
    rows = _rows([column.name for column in wanted])
    empty = [dict.fromkeys((column.name for column in wanted), "")] * EMPTY_ROWS
    return {"products": products, "locations": offered, "columns": wanted, "rows": rows + empty}


def asks_for_rows() -> bool:
    """Return whether the form was sent to have more rows, not to be done."""
    return "more" in request.form


@contextmanager
def told_as_typed(*more: str) -> Iterator[None]:
    """Have what is refused name lines by their number and SKU, and fields as the form does."""
    try:
        yield
    except Invalid as refused:
        raise Invalid(_told(refused.errors, _entered(*more)), refused.errors) from None


def body(session: Session, schema: Body, places: Sequence[str], *more: str) -> dict[str, Any]:
    """Return the form as the body of the operation; raise Invalid."""
    rows = _entered(*more)
    known = catalogue.product_ids(session, g.organization_id, {row["sku"] for row in rows})
    if unknown := {f"lines[{n}].sku": [_("is not known")] for n, row in enumerate(rows) if row["sku"] not in known}:
        raise Invalid.fields(unknown)
    lines = [_line(row, known) for row in rows]
    return forms.loaded(schema, {**_places(places), "lines": lines, "notes": request.form.get("notes", "")})


def shown(session: Session, model: type[Any], document_id: int) -> dict[str, Any]:
    """Return what the page of a document shows: its lines from the number `after` on, their products, and its job."""
    document = documents.get(session, model, g.organization_id, document_id)
    lines = [line for line in document.lines if line.line_number > (after() or 0)]
    page, more = lines[:LINES_SHOWN], len(lines) > LINES_SHOWN
    ids = {line.product_id for line in page}
    last_jobs = jobs.several(session, g.organization_id, [one for one in _job_ids(document) if one])
    job = max(last_jobs, key=lambda job: job.id, default=None)
    return {
        "document": document,
        "noun": documents.noun(model),
        "lines": Listed(page, page[-1].line_number if more else None),
        "products": catalogue.named(session, models.Product, g.organization_id, ids),
        "job": job,
        "at_work": job is not None and job.status in UNFINISHED,
        "half_done": undoing.half_done(session, document),
        "short": {int(found[1]) + 1 for name in _wrong() if (found := LINE.match(name))},
    }


def owe(kind: str, step: Step, document_id: int) -> None:
    """Owe the job that does a step of a document, or puts back what was left half done of it."""
    with change() as session:
        submit(session, g.organization_id, kind, {step.key: document_id})


def currency() -> str:
    """Return the currency in which the organization buys and sells."""
    with transaction() as session:
        return organizations.get(session, g.organization_id).currency_code


def _job_ids(document: Any) -> tuple[int | None, int | None]:
    return document.job_id, document.undo_job_id


def _wrong() -> Mapping[str, Any]:
    return g.refused.errors if "refused" in g else {}


def _entered(*more: str) -> list[dict[str, str]]:
    """Return the lines of the form: those that were typed, then those that were pasted."""
    names = ["sku", "quantity", *more]
    return _rows(names) + typed.pasted(request.form.get("pasted", ""), names)


def _rows(names: Sequence[str]) -> list[dict[str, str]]:
    """Return the rows of the form in which something stands."""
    cells = [[cell.strip() for cell in request.form.getlist(name)] for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*cells, strict=False) if any(row)]


def _places(names: Sequence[str]) -> dict[str, Any]:
    """Return the locations that were chosen."""
    return {name: chosen for name in names if (chosen := forms.digits(name))}


def _line(row: Mapping[str, str], known: Mapping[str, int]) -> dict[str, Any]:
    taken = {"taxRate": typed.percent}
    said = {name: taken.get(name, forms.decimal)(cell) for name, cell in row.items() if name != "sku" and cell}
    return {"productId": known[row["sku"]], **said}


def _told(errors: Mapping[str, Sequence[str]], rows: Sequence[Mapping[str, str]]) -> str:
    """Return what is wrong in the words of the form: lines by their number and SKU, columns as they are headed."""
    labels = {column.name: column.label for column in columns("unitPrice", "taxRate", "unitCost")}
    labels |= {"fromLocationId": _("From"), "toLocationId": _("To"), "locationId": _("Location"), "lines": _("Lines")}

    def named(name: str) -> str:
        if not (found := LINE.fullmatch(name)):
            return labels.get(name, name)
        n = int(found[1])
        line = _("Line %(number)s (%(sku)s)") % {"number": n + 1, "sku": rows[n]["sku"]}
        return f"{line}: {labels.get(found[2], found[2])}"

    return told(f"{named(name)} {said(message)}" for name, messages in errors.items() for message in messages)
