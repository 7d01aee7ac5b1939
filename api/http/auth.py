"""Every operation takes a key with the permission that its route declares, unless it is open to everybody."""

import ipaddress
from collections.abc import Callable, Sequence
from typing import TypeVar

from flask import Flask, g, request

from api.http.blueprint import ANYONE, OPEN, PERMISSIONS
from api.http.group_commit import GroupCommit
from api.http.problems import Refused, invalid
from api.http.schema import camel_case
from api.http.server import name_caller
from db import acting
from db.acting import Act
from db.transaction import is_transient, statement
from domain.identity import keys
from domain.identity.callers import Caller

Found = TypeVar("Found")
# Those of the reader of the spec, which are no operations.
PAGES = frozenset(["api-docs.openapi_json", "docs.root", "docs.page", "docs.start", "docs.asset"])


def require_permissions(app: Flask) -> None:
    """Have each request of `app` made by somebody who may make it, and its changes in that name."""
    app.before_request(_authenticate)
    app.teardown_request(lambda _: acting.end())


def _authenticate() -> None:
    """Set `g.caller`; raise the 401 for a missing, unknown or revoked key, the 403 for one that may not do this."""
    if request.endpoint is None or request.endpoint in PAGES:
        return
    permission = PERMISSIONS[request.endpoint]
    if permission == OPEN:
        return
    if "," in request.headers.get("Authorization", ""):
        raise invalid({"Authorization": ["must be given once"]})
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    caller = again_after_restart(lambda: _look_up(key.strip())) if scheme.lower() == "bearer" else None
    if caller is None:
        raise Refused(401, "send a valid key: Authorization: Bearer KEY", headers={"WWW-Authenticate": "Bearer"})
    g.caller, g.organization_id, g.permission = caller, caller.organization_id, permission
    name_caller("operators" if caller.is_operator else caller.organization_id)
    if permission != ANYONE:
        caller.require(permission)
    action = camel_case(request.endpoint.rpartition(".")[2])
    act = Act(caller.organization_id, caller.actor, caller.name, remote_address(), action, request.path)
    acting.start(act, everywhere=caller.is_operator)


def remote_address() -> str | None:
    """Return where the request comes from, without a port, as some proxies add it, or a zone, which PostgreSQL refuses.

    None if that is no address: of a socket file, or as a proxy of somebody else's says it.
    """
    address = request.remote_addr or ""
    if address.startswith("["):
        address = address[1:].partition("]")[0]
    elif address.count(":") == 1:
        address = address.partition(":")[0]
    address = address.partition("%")[0]
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return None


def again_after_restart(read: Callable[[], Found]) -> Found:
    """Return what `read` does. A restart of the database leaves dead connections in the pool: then it reads again.

    The first to notice discards them all.
    """
    try:
        return read()
    except Exception as error:
        if not is_transient(error) or not getattr(error, "connection_invalidated", False):
            raise
        return read()


@GroupCommit
def _look_up(given: Sequence[str]) -> list[Caller | None]:
    with statement() as session:
        return keys.holders(session, given)
