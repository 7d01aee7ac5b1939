"""Who is there: a cookie that names a session, and proof that a change was asked for by one of our own pages."""

import hashlib
import hmac

from flask import Flask, abort, g, redirect, request, url_for
from werkzeug.wrappers import Response

from api.http.auth import again_after_restart, remote_address
from api.http.blueprint import ANYONE, OPEN
from api.http.schema import camel_case
from api.http.server import name_caller
from api.http.shares import hold_as_stranger
from console.pages import PERMISSIONS
from console.words import gettext as _
from db import acting
from db.acting import Act
from db.transaction import statement
from domain.errors import Forbidden
from domain.identity import logins, sessions
from domain.identity.sessions import Browser, Visit

# The prefix has browsers take it from this very host alone, by https; on this machine they take it without as well.
COOKIE = "__Host-counterfoil"
CSRF_FIELD = "csrf"
HTMX = "HX-Request"


def require_visits(app: Flask) -> None:
    """Have each request of `app` made by somebody who has logged in and may make it, and its changes in that name."""
    app.before_request(_refuse_foreign_forms)
    app.before_request(_let_in)
    app.teardown_request(lambda _: acting.end())


def browser() -> Browser:
    """Return where the request comes from."""
    return Browser(remote_address(), request.headers.get("User-Agent", ""))


def set_cookie(response: Response, token: str) -> Response:
    """Have the browser keep the token of a session until it is closed."""
    response.set_cookie(COOKIE, token, secure=True, httponly=True, samesite="Lax", path="/")
    return response


def forget_cookie(response: Response) -> Response:
    response.delete_cookie(COOKIE, secure=True, httponly=True, samesite="Lax", path="/")
    return response


def visit() -> Visit | None:
    """Return the open session of the request's cookie."""
    token = request.cookies.get(COOKIE)
    return again_after_restart(lambda: _find(token)) if token else None


def csrf_token() -> str:
    """Return what each form of this session holds, which no other site can know."""
    return hmac.digest(request.cookies.get(COOKIE, "").encode(), b"csrf", hashlib.sha256).hex()


def require_confirmed(password: str) -> None:
    """Raise Forbidden or TooManyAttempts unless the password was given lately, or is this.

    A user who has none confirms by the provider, before the form is sent.
    """
    if not g.visit.is_confirmed and not g.visit.has_password:
        raise Forbidden(_("Confirm first that it is you: the page has a link to your provider."))
    if not g.visit.is_confirmed:
        logins.confirm(g.visit, password, browser())


def act_as(found: Visit, action: str) -> None:
    """Have what this request does be done by the user."""
    known = found.caller.organization_id, found.caller.actor, found.caller.name
    act = Act(*known, browser().address, camel_case(action), request.path)
    acting.start(act, everywhere=found.caller.is_operator)


def _find(token: str) -> Visit | None:
    with statement() as session:
        return sessions.find(session, token)


def _refuse_foreign_forms() -> None:
    """Raise the 403 for a change that a page of another site asks for (OWASP: Fetch Metadata, then Origin)."""
    if request.method in ("GET", "HEAD"):
        return
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    foreign = site not in ("same-origin", "none") if site else origin and origin.partition("://")[2] != request.host
    if foreign:
        abort(403, "this form was sent by another site: open the page here, and send it again")


def _let_in() -> Response | None:
    if request.endpoint is None or request.endpoint == "static":
        return None
    permission = PERMISSIONS[request.endpoint]
    if permission == OPEN:
        return None
    found = visit()
    if found is None or found.lacks_second_factor:
        return _to_login()
    g.visit, g.caller, g.organization_id = found, found.caller, found.caller.organization_id
    g.permission = permission
    name_caller("operators" if found.caller.is_operator else found.caller.organization_id)
    if permission != ANYONE:
        found.caller.require(permission)
    act_as(found, request.endpoint.rpartition(".")[2])
    return None


def share_door(app: Flask) -> None:
    """Have those who have not logged in leave threads to the others; register it once the body is there."""
    app.before_request(_share_door)


def _share_door() -> None:
    if PERMISSIONS.get(str(request.endpoint)) == OPEN:
        hold_as_stranger()


def require_csrf(app: Flask) -> None:
    """Take changes from forms of our own pages alone, with text that can be kept; register it once the body is there.

    No row can hold a NUL.
    """
    app.before_request(_refuse_nul)
    app.before_request(_require_csrf)


def _refuse_nul() -> None:
    if "\0" in request.path or any("\0" in text for _, text in request.values.items(multi=True)):
        abort(400, "no text may contain the character NUL")


def _require_csrf() -> None:
    if request.method == "POST" and "visit" in g:
        given = request.form.get(CSRF_FIELD, "")
        if not hmac.compare_digest(given.encode(), csrf_token().encode()):
            abort(403, "this page was open for too long: open it again, and send the form again")


def _to_login() -> Response:
    """Lead to the login, which leads back to the page that was asked for."""
    asked = request.script_root + request.full_path.rstrip("?") if request.method == "GET" else None
    target = url_for("login.show_login", next=asked)
    if HTMX in request.headers:
        return Response(status=401, headers={"HX-Redirect": target})
    return redirect(target, 303)
