"""Entries are made anew for the last version of each source; a version that is not the last is left alone."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from db.queries import run
from domain.accounting.impacts import Impact, load
from domain.accounting.sources import Version, keys

Demand = Sequence[Version]
LINE_PARAMETERS = ("entry_ids", "numbers", "organization_ids", "accounts", "debits", "credits", "locations")


def demand(organization_id: int, payload: Mapping[str, Any]) -> Demand:
    """Return what a job of the organization is asked to recreate."""
    return [Version(organization_id, one["type"], one["id"], one["version"]) for one in payload["documents"]]


def recreate(session: Session, demands: Sequence[Demand]) -> list[dict[str, Any]]:
    """Return what came of each demand; each source's live entry is that of its version once `session` commits.

    A version that is entered, that another demand of the group has, or that is not the last one any more is left alone.
    """
    due = _due(session, {version for demand in demands for version in demand})
    shares = []
    for one in demands:
        shares.append([version for version in dict.fromkeys(one) if version in due])
        due.difference_update(shares[-1])
    entered = _enter(session, [version for share in shares for version in share])
    return [_result(one, share, entered) for one, share in zip(demands, shares, strict=True)]


def _due(session: Session, versions: set[Version]) -> set[Version]:
    """Lock the sources, so that nobody else recreates or changes them; return those with something to enter."""
    sources = sorted({version._replace(version=0) for version in versions})
    organization_ids = [source.organization_id for source in sources]
    rows = run(session, "lock_sources", organization_ids=organization_ids, **keys(sources))
    last = {
        Version(row.organization_id, row.source_type, row.source_id, row.version)
        for row in rows
        if row.entered_version < row.version
    }
    return versions & last


def _enter(session: Session, versions: Sequence[Version]) -> Mapping[Version, Impact]:
    if not versions:
        return {}
    impacts = load(session, versions)
    run(session, "delete_entries", **keys(versions))
    if impacts:
        _write(session, impacts)
    run(session, "mark_entered", **keys(versions))
    return impacts


def _write(session: Session, impacts: Mapping[Version, Impact]) -> None:
    rows = run(
        session,
        "create_entries",
        organization_ids=[version.organization_id for version in impacts],
        versions=[version.version for version in impacts],
        dates=[impact.entry_date for impact in impacts.values()],
        currencies=[impact.currency_code for impact in impacts.values()],
        **keys(impacts),
    )
    entry_ids = {(row.source_type, row.source_id): row.id for row in rows}
    lines = [
        (entry_ids[version.type, version.id], number, version.organization_id, *line)
        for version, impact in impacts.items()
        for number, line in enumerate(impact.lines, 1)
    ]
    run(
        session,
        "create_lines",
        **dict(zip(LINE_PARAMETERS, map(list, zip(*lines, strict=True)), strict=True)),
    )


def _result(demand: Demand, share: Demand, entered: Iterable[Version]) -> dict[str, Any]:
    return {
        "documents": len(demand),
        "entries": sum(version in entered for version in share),
        "superseded": len(demand) - len(share),
    }
