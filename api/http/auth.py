"""Every operation needs a key, unless it is listed here as open."""

from collections.abc import Sequence

from flask import g, request

from api.http.group_commit import GroupCommit
from api.http.problems import Refused, invalid
from api.http.server import name_caller
from db.transaction import is_transient, statement
from domain.identity import organizations
from domain.identity.organizations import KeyHolder

OPEN = frozenset([
    "health.show_health", "cron.process_jobs", "api-docs.openapi_json", "docs.root", "docs.page", "docs.start",
    "docs.asset", "files.download_file",
])  # fmt: skip


def authenticate() -> None:
    """Set in `g` whose Bearer key it is, as KeyHolder names it; raise the 401 for a missing, unknown or revoked one."""
    if request.endpoint is None or request.endpoint in OPEN:
        return
    if "," in request.headers.get("Authorization", ""):
        raise invalid({"Authorization": ["must be given once"]})
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    holder = _of_key(key.strip()) if scheme.lower() == "bearer" else None
    if holder is None:
        raise Refused(401, "send a valid key: Authorization: Bearer KEY", headers={"WWW-Authenticate": "Bearer"})
    g.key_id, g.organization_id, g.operator, g.max_requests_per_second = holder
    name_caller("operators" if g.operator else g.organization_id)


def require_operator() -> None:
    """Raise the 403 for a key that is no operator's."""
    if not g.operator:
        raise Refused(403, "this concerns all organizations: it takes an operator's key")


def _of_key(key: str) -> KeyHolder | None:
    try:
        return _look_up(key)
    except Exception as error:
        if not is_transient(error) or not getattr(error, "connection_invalidated", False):
            raise
        # A restart of the database leaves dead connections in the pool; the first to notice discards them all.
        return _look_up(key)


@GroupCommit
def _look_up(keys: Sequence[str]) -> list[KeyHolder | None]:
    with statement() as session:
        return organizations.of_keys(session, keys)
