"""Whether every part runs and knows what waits, and whose clock is off."""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy.orm import Session

import settings
from db.models import Process
from db.queries import run
from domain.doctor.findings import Finding, ok, unknown, warning, wrong
from domain.jobs import canaries as lanes
from domain.jobs import presence
from domain.jobs.monitoring.processes import processes
from domain.jobs.monitoring.queues import depths
from domain.jobs.registry import registered

NEEDED = ("api", "relay", "worker", "io", "ocr", "beat")
WORKERS = ("worker", "io", "ocr")
OFF_S = 2.0
# A worker whose clock is a minute ahead discards beat's sweeps: celeryconfig.py lets them expire.
FAR_OFF_S = 60.0
# Payloads of a newer version come with the newest jobs.
PAYLOADS_LOOKED_AT = 10_000


def parts(session: Session) -> Finding:
    """How many of each part live."""
    counted = Counter(one.part for one in _alive(session))
    told = ", ".join(f"{counted[part]} {part}" for part in NEEDED)
    missing = [part for part in NEEDED if not counted[part]]
    if not missing:
        return ok(told)
    remedy = f"Start {', '.join(missing)}."
    if "api" not in missing and settings.current().cron_secret:
        return warning(told, f"{remedy[:-1]}, unless something calls /api/v1/cron/process-jobs.")
    return wrong(told, remedy) if {"relay", *WORKERS}.intersection(missing) else warning(told, remedy)


def canaries(session: Session) -> Finding:
    """Whether a worker answers the canary that each lane is sent every minute."""
    known = lanes.canaries(session)
    if not known:
        return unknown("no lane was ever sent a canary", "Start a relay.")
    if late := [one for one in known if lanes.is_late(one)]:
        told = ", ".join(f"{one.lane} has not answered for {one.unanswered_seconds:.0f} s" for one in late)
        return wrong(told, "Restart the workers, which live and take nothing, or start one.")
    return ok(f"the workers answer in {len(known)} lanes")


def kinds(session: Session) -> Finding:
    """Whether the workers that live know each kind of the jobs that wait, and this version each of their payloads."""
    workers = [one for one in _alive(session) if one.part in WORKERS]
    if not workers:
        return unknown("no worker lives that tells which kinds it knows", "Start one.")
    known = {name for one in workers for name in one.kinds}
    waiting = {depth.kind for depth in depths(session) if depth.status == "pending"}
    if strange := ", ".join(sorted(waiting - known)):
        return wrong(f"jobs wait of kinds that no worker knows: {strange}", "Update the workers, or install the kinds.")
    if newer := ", ".join(_newer_payloads(session)):
        return wrong(f"jobs wait whose payload only a newer version understands: {newer}", "Update the workers.")
    return ok(f"the workers know the {len(waiting)} kinds that wait")


def _newer_payloads(session: Session) -> list[str]:
    rows = run(session, "newest_payloads", most=PAYLOADS_LOOKED_AT)
    return [row.kind for row in rows if (kind := registered(row.kind)) and row.version > kind.version]


def clocks(session: Session) -> Finding:
    """By how much the clock of each process that lives differs from the database's."""
    told = [one for one in _alive(session) if one.ahead_seconds is not None]
    if not told:
        return unknown("no process that lives tells its clock", "Start the parts.")
    off = sorted(told, key=lambda one: abs(one.ahead_seconds or 0.0), reverse=True)
    worst = abs(off[0].ahead_seconds or 0.0)
    if worst < OFF_S:
        return ok(f"{len(told)} processes, at most {worst:.2f} s off")
    judge = wrong if worst >= FAR_OFF_S else warning
    return judge(_named(off), "Have the clocks of these hosts and of the database's set by NTP (chrony, for example).")


def _alive(session: Session) -> list[Process]:
    return [one for one in processes(session) if not presence.is_silent(one)]


def _named(off: Sequence[Process]) -> str:
    differences = ((one, one.ahead_seconds or 0.0) for one in off)
    return ", ".join(
        f"{one.part} {one.host}:{one.pid} is {abs(ahead):.1f} s {'ahead' if ahead > 0 else 'behind'}"
        for one, ahead in differences
        if abs(ahead) >= OFF_S
    )
