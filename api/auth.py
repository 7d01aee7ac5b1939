"""Who asks. Every operation needs a key, unless it is listed here as open."""

from flask import g, request

from api.problems import Refused
from db.transaction import is_transient, statement
from domain import organizations

OPEN = frozenset(["health.show", "api-docs.openapi_json", "docs.page", "docs.start", "docs.asset"])


def authenticate() -> None:
    """Set g.organization_id from the Bearer key; raise the 401 for a missing, unknown or revoked one."""
    if request.endpoint is None or request.endpoint in OPEN:
        return
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    organization_id = _of_key(key.strip()) if scheme.lower() == "bearer" else None
    if organization_id is None:
        raise Refused(401, "send a valid key: Authorization: Bearer KEY", headers={"WWW-Authenticate": "Bearer"})
    g.organization_id = organization_id


def _of_key(key: str) -> int | None:
    try:
        return _look_up(key)
    except Exception as error:
        if not is_transient(error) or not getattr(error, "connection_invalidated", False):
            raise
        # A restart of the database leaves dead connections in the pool; the first to notice discards them all.
        return _look_up(key)


def _look_up(key: str) -> int | None:
    with statement() as session:
        return organizations.of_key(session, key)
