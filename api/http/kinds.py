from flask import g

from domain.jobs.registry import permission_for, submittable


def require_kind(name: str) -> None:
    """Raise Forbidden if callers may submit jobs of the kind, and this one may not."""
    if permission := permission_for(name):
        g.caller.require(permission)


def kinds_beyond() -> list[str]:
    """Return the kinds that callers may submit, and this one may not."""
    return [kind.name for kind in submittable() if not g.caller.may(kind.permission)]
