"""Quotas of an organization's invoices, templates and bytes, by what is counted already: no invoice writes a row more.

The counts are those of a moment ago, with what this process has admitted since; several processes may pass a quota by
what they admit between two reads.
"""

import time
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

import settings
from db.models import Organization
from db.queries import fetch
from domain.errors import NotFound
from domain.invoices.request import CREDIT_KIND, KIND
from domain.jobs.priorities import NORMAL
from domain.jobs.registry import find

MEGABYTE = 1024 * 1024
# No installation issues invoices faster: a usage is read again before the rest of its quota can be used up.
MAX_INVOICES_PER_SECOND = 10_000
MIN_KEPT_S, MAX_KEPT_S = 1.0, 60.0
INVOICES, TEMPLATES, BYTES = "invoices-per-day", "templates", "stored-bytes"


class OverQuota(Exception):
    """The quota `name` is used up; `pause` is the seconds until it begins anew, None if waiting does not help."""

    def __init__(self, name: str, told: str, pause: int | None = None):
        super().__init__(told)
        self.name, self.pause = name, pause


class Usage(NamedTuple):
    """The use that an organization made of its quotas; a quota that is None is the installation's."""

    organization: str
    own_stored_mb: int | None
    own_templates: int | None
    own_invoices_per_day: int | None
    seconds_left: int
    issued: int
    stored_bytes: int
    templates: int
    waiting: int

    @property
    def max_stored_bytes(self) -> int:
        return (self.own_stored_mb or settings.current().max_stored_mb) * MEGABYTE

    @property
    def max_templates(self) -> int:
        return self.own_templates or settings.current().max_templates

    @property
    def max_invoices_per_day(self) -> int:
        return self.own_invoices_per_day or settings.current().max_invoices_per_day

    @property
    def invoices(self) -> int:
        """Return the invoices of today, with those that are asked for."""
        return self.issued + self.waiting


@dataclass
class _Known:
    usage: Usage
    until: float
    admitted: int = 0


class Quotas:
    """The usages that one process knows."""

    def __init__(self) -> None:
        self._known: dict[int, _Known] = {}

    def admit_invoices(self, session: Session, organization_id: int, count: int) -> None:
        """Raise OverQuota unless the organization may have `count` invoices more today."""
        known = self._known.get(organization_id)
        if known is None or time.monotonic() >= known.until:
            known = self._known[organization_id] = _read(session, organization_id)
        _check_bytes(known.usage)
        most = known.usage.max_invoices_per_day
        if known.usage.invoices + known.admitted + count > most:
            told = f"your organization may have {most:,} invoices a day (UTC): send this tomorrow, or ask for more"
            raise OverQuota(INVOICES, told, max(1, known.usage.seconds_left))
        known.admitted += count


class Stored(NamedTuple):
    """How many bytes an organization stores, and the quota of its own."""

    own_stored_mb: int | None
    stored_bytes: int


def admit_bytes(session: Session, organization_id: int, count: int) -> None:
    """Raise OverQuota unless the organization may store `count` bytes more; its files on their way are counted.

    Whoever asks next for the organization waits for the end of the transaction: many at once would all find room.
    """
    own = select(Organization.id).where(Organization.id == organization_id)
    session.execute(own.with_for_update(key_share=True))
    [stored] = fetch(session, Stored, "stored_bytes", organization_id=organization_id)
    most = (stored.own_stored_mb or settings.current().max_stored_mb) * MEGABYTE
    if stored.stored_bytes + count > most:
        raise _over_bytes(most)


def admit_template(session: Session, organization_id: int, new: bool) -> None:
    """Raise OverQuota unless the organization may store the HTML of a template, of a new one if so."""
    used = usage(session, organization_id)
    _check_bytes(used)
    if new and used.templates >= used.max_templates:
        told = f"your organization may have {used.max_templates:,} templates: replace one with PUT, or ask for more"
        raise OverQuota(TEMPLATES, told)


def usage(session: Session, organization_id: int) -> Usage:
    """Return the usage of the organization as it is now; raise NotFound."""
    found = fetch(
        session,
        Usage,
        "organization_usage",
        organization_id=organization_id,
        lane=find(KIND).lane,
        priority=NORMAL,
        kinds=[KIND, CREDIT_KIND],
        most=settings.current().max_backlog_per_organization,
    )
    if not found:
        raise NotFound(f"organization {organization_id} not found")
    return found[0]


def _read(session: Session, organization_id: int) -> _Known:
    read = usage(session, organization_id)
    left = (read.max_invoices_per_day - read.invoices) / MAX_INVOICES_PER_SECOND
    kept = min(max(left, MIN_KEPT_S), MAX_KEPT_S, max(read.seconds_left, MIN_KEPT_S))
    return _Known(read, time.monotonic() + kept)


def _check_bytes(used: Usage) -> None:
    if used.stored_bytes >= used.max_stored_bytes:
        raise _over_bytes(used.max_stored_bytes)


def _over_bytes(most: int) -> OverQuota:
    told = f"your organization stores the {most // MEGABYTE:,} MB that it may: ask the operator for more"
    return OverQuota(BYTES, told)


quotas = Quotas()
