"""What fills the server's disk, or slows down its tables, or runs out."""

import shutil
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from db import condition, retention
from db.queries import run
from domain.doctor.findings import Finding, ok, sentence, unknown, warning, wrong

GIGABYTE = 1024**3
MANY_DEAD_ROWS = 100_000
LARGE_FILE = GIGABYTE
# A table that is updated a lot is about twice the size of its rows.
BLOATED = 4
HELD_BYTES = GIGABYTE
LITTLE_FREE, MIN_FREE = 0.1, GIGABYTE
MOSTLY_USED, NEARLY_USED = 0.5, 0.9


def autovacuum(session: Session) -> Finding:
    """Whether dead rows are cleaned up by themselves, in every table."""
    [found] = run(session, "read_autovacuum")
    if off := [name for name, on in (("autovacuum", found.runs), ("track_counts", found.counts)) if not on]:
        return wrong(f"{' and '.join(off)} off", f"Switch {' and '.join(off)} on in postgresql.conf, and reload it.")
    if found.excluded:
        return wrong(
            f"off for {', '.join(found.excluded)}",
            f"ALTER TABLE {found.excluded[0]} RESET (autovacuum_enabled), and so for each of them.",
        )
    return ok("on for every table")


def bloat(session: Session) -> Finding:
    """Tables with more dead rows than live ones, or with files far larger than their rows."""
    tables = run(session, "measure_tables")
    if dead := [one for one in tables if one.dead >= MANY_DEAD_ROWS and one.dead > one.live]:
        worst = max(dead, key=lambda one: one.dead)
        return warning(
            f"{worst.name} has {worst.dead:,} dead rows beside {worst.live:,} live ones",
            f"End what holds an old snapshot, if `transactions` or `slots` names it; then VACUUM {worst.name}.",
        )
    if large := [one for one in tables if one.bytes >= LARGE_FILE and one.bytes > BLOATED * one.needed]:
        worst = max(large, key=lambda one: one.bytes)
        return warning(
            f"{worst.name} takes {_size(worst.bytes)} for rows of {_size(worst.needed)}",
            f"When little is going on, VACUUM FULL {worst.name}, which locks it meanwhile.",
        )
    return ok(f"{sum(one.dead for one in tables):,} dead rows in {_size(sum(one.bytes for one in tables))}")


def slots(session: Session) -> Finding:
    """Replication slots that nobody reads: the server keeps its WAL for them until the disk is full."""
    inactive = run(session, "list_inactive_slots")
    if not inactive:
        return ok("no replication slot is inactive")
    most = inactive[0]
    judge = wrong if most.bytes >= HELD_BYTES else warning
    return judge(
        f"nobody reads the replication slot {most.name}, which holds {_size(most.bytes)} of WAL",
        f"Start its standby, or drop it with SELECT pg_drop_replication_slot('{most.name}').",
    )


def disk(session: Session) -> Finding:
    """Whether the server can write, and what is free where its data and WAL are, if it runs on this machine."""
    try:
        condition.check(session, migrated=False)
    except condition.Unusable as unusable:
        return wrong(unusable.found, sentence(unusable.remedy))
    [place] = run(session, "locate_server")
    free = _least_free(place.pid) if place.on_loopback else None
    if free is None:
        return unknown(
            "the server could write 2 MB; what is free on its disk cannot be seen from here",
            "Watch the disk on the database's host, or run this command there as the server's user.",
        )
    told = f"{_size(free.free)} of {_size(free.total)} are free on the server's disk"
    if free.free < MIN_FREE:
        return wrong(told, "Make room on it: a full disk stops every write.")
    if free.free < LITTLE_FREE * free.total:
        return warning(told, "Make room on it, or have it enlarged.")
    return ok(told)


def _least_free(pid: int) -> Any | None:
    """Return the usage of the fuller disk under data and WAL; None if that process of the server is not ours to see."""
    data = Path(f"/proc/{pid}/cwd")  # a server process works in its data directory
    try:
        return min((shutil.disk_usage(folder) for folder in (data, data / "pg_wal")), key=lambda usage: usage.free)
    except OSError:
        return None


def sequences(session: Session) -> Finding:
    """How near the fullest sequence is to its end, where every insert fails."""
    rows = run(session, "read_sequences")
    if not rows:
        return ok("none was used yet")
    fullest = rows[0]
    told = f"{fullest.name} has used {fullest.used:.2%} of its numbers"
    if fullest.used < MOSTLY_USED:
        return ok(told)
    judge = wrong if fullest.used >= NEARLY_USED else warning
    return judge(told, f"Find out who draws numbers so fast, and make {fullest.name} and its column a bigint.")


def partitions(session: Session) -> Finding:
    """Whether this week and the next have partitions for completed jobs and events; beat's cleanup makes them ahead."""
    missing = retention.missing_weeks(session)
    remedy = "Have a beat and a worker run, whose cleanup makes them, and read its log."
    if begun := next((week.parent for week in missing if week.begun), None):
        return wrong(f"this week has none, so what comes goes to {begun}_rest", remedy)
    if len({week.week for week in missing}) > 1:
        return warning("the next week has none", remedy)
    return ok("made ahead of time")


def _size(size: float) -> str:
    return f"{size / GIGABYTE:.1f} GB" if size >= GIGABYTE else f"{size / 1024**2:.1f} MB"
