"""The templates of an organization. Their HTML is kept by hash and never changed: editing one adds a source."""

import hashlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.models import Template, TemplateSource
from domain.errors import Invalid, NotFound
from domain.templates import template as templates

ROWS_AT_ONCE = 10
# SHA-256 of what was shipped under these names before: append to it whatever changes a shipped template.
FORMER = {
    "classic": [
        "b0e481b43d121ae80c7aaca6623ae657ca2d51f373fb80b6197c1652e01d259e",
        "20ece4e55d8f43d860feab0a8b29d5a1172d2935d52111dd2a21058ce41ba23d",
    ],
    "modern": [
        "5b9b644369bccfcba8ba03121d3e29474b467849e335a6365cdf6b1a9d0b09a2",
        "0f7504779180435f1f776915e1996a73e1cc80940f3d6f6a3866b6ba1e4be815",
    ],
}


def add_shipped(session: Session, organization_id: int) -> None:
    """Give a new organization the shipped templates; the first is its default."""
    for position, (name, html) in enumerate(templates.DEFAULTS.items()):
        source_hash = _keep(session, html)
        session.add(
            Template(
                organization_id=organization_id,
                name=name.capitalize(),
                source_hash=source_hash,
                is_default=position == 0,
            )
        )
    session.flush()


def renew_shipped(session: Session) -> None:
    """Have the shipped templates that nobody changed become what is shipped now; issued invoices keep theirs."""
    for name, former in FORMER.items():
        source_hash = _keep(session, templates.DEFAULTS[name])
        unchanged = Template.source_hash.in_([bytes.fromhex(one) for one in former])
        session.execute(update(Template).where(unchanged).values(source_hash=source_hash))


@lru_cache(maxsize=16)
def check(organization_id: int, html: str) -> None:
    """Raise Invalid unless every invoice can be printed with `html`.

    Call it before the transaction: it takes a while, and create and change, which ask again, then know the answer.
    """
    templates.check(organization_id, html)


def create(session: Session, organization_id: int, name: str, html: str, is_default: bool = False) -> Template:
    """Return the new template; raise Invalid when `html` is unsafe or cannot be rendered."""
    check(organization_id, html)
    if is_default:
        _clear_default(session, organization_id)
    template = Template(
        organization_id=organization_id, name=name, source_hash=_keep(session, html), is_default=is_default
    )
    session.add(template)
    session.flush()
    return template


def change(
    session: Session, organization_id: int, template_id: int, name: str, html: str, is_default: bool | None = None
) -> Template:
    """Return the changed template; invoices issued before keep the source that they were issued with."""
    template = get(session, organization_id, template_id)
    check(organization_id, html)
    if template.is_default and is_default is False:
        raise Invalid.sentence("make another template the default instead of leaving none", "isDefault")
    if is_default and not template.is_default:
        _clear_default(session, organization_id)
    template.name, template.source_hash = name, _keep(session, html)
    template.is_default = template.is_default or bool(is_default)
    template.updated_at = func.clock_timestamp()
    session.flush()
    session.refresh(template)
    return template


def get(session: Session, organization_id: int, template_id: int) -> Template:
    """Return one template; raise NotFound."""
    template = session.scalar(
        select(Template).where(Template.organization_id == organization_id, Template.id == template_id)
    )
    if template is None:
        raise NotFound("template not found")
    return template


def page(session: Session, organization_id: int, after: int, limit: int) -> Iterable[Template]:
    """Return up to `limit` templates with an id above `after`, in id order; read a few at a time."""
    return session.scalars(
        select(Template)
        .where(Template.organization_id == organization_id, Template.id > after)
        .order_by(Template.id)
        .limit(limit)
        .execution_options(yield_per=ROWS_AT_ONCE)
    )


def names(session: Session, organization_id: int) -> Sequence[Any]:
    """Return the id and name of each template, in id order."""
    found = select(Template.id, Template.name).where(Template.organization_id == organization_id)
    return session.execute(found.order_by(Template.id)).all()


def _keep(session: Session, html: str) -> bytes:
    source_hash = hashlib.sha256(html.encode()).digest()
    session.execute(insert(TemplateSource).values(hash=source_hash, html=html).on_conflict_do_nothing())
    return source_hash


def _clear_default(session: Session, organization_id: int) -> None:
    session.execute(
        update(Template)
        .where(Template.organization_id == organization_id, Template.is_default)
        .values(is_default=False)
    )
