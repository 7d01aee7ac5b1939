"""The way in and out: a password, a second factor, a provider of OpenID Connect, a link to choose a password."""

import json

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from api.http.blueprint import ANYONE, OPEN
from console import access
from console.pages import Pages, field, lead_to
from db.transaction import statement, transaction
from domain.errors import Forbidden
from domain.identity import logins, providers, users
from domain.identity.logins import LoggedIn
from domain.identity.sessions import Visit

login_pages = Pages("login", __name__)
# The cookie of an attempt to log in by a provider, which has ten minutes.
ATTEMPT, ATTEMPT_S = "__Host-counterfoil-attempt", 600


@login_pages.page("/login", OPEN)
def show_login():
    """Ask for address and password; whoever has logged in is led on."""
    found = access.visit()
    if found and not found.lacks_second_factor:
        return redirect(_next())
    return render_template("login.html", next=_next(), provider=providers.name())


@login_pages.act("/login", OPEN, back=show_login)
def log_in() -> Response:
    """Let a user in, or ask for the code of the second factor."""
    return _entered(logins.log_in(field("email"), request.form.get("password", ""), access.browser()))


@login_pages.page("/login/code", OPEN)
def show_code():
    """Ask for the code of the second factor."""
    _lacking()
    return render_template("code.html", next=_next())


@login_pages.act("/login/code", OPEN, back=show_code)
def give_code() -> Response:
    """Let a user in who has given the code."""
    return _entered(logins.give_code(_lacking(), field("code"), access.browser()))


@login_pages.page("/login/provider", OPEN)
def show_provider() -> Response:
    """Lead to the provider of OpenID Connect; the browser keeps what proves that it was the one that went there."""
    return _set_out(anew=False)


@login_pages.page("/login/provider/anew", ANYONE)
def confirm_by_provider() -> Response:
    """Lead a user who has logged in to the provider, which asks once more who it is."""
    return _set_out(anew=True)


@login_pages.page("/login/provider/back", OPEN)
def enter_by_provider() -> Response:
    """Let in whom the provider has let in, if it is one of our users; or take note that it is the same one still."""
    begun, wanted, is_anew = _attempt()
    if is_anew:
        found = access.visit()
        if found is None or found.lacks_second_factor:
            raise Forbidden(providers.ANEW)
        providers.confirm(found, begun, _back(), request.args, access.browser())
        answer = redirect(wanted, 303)
    else:
        answer = _entered(providers.log_in(begun, _back(), request.args, access.browser()), wanted)
    answer.delete_cookie(ATTEMPT, secure=True, httponly=True, samesite="Lax", path="/")
    return answer


@login_pages.act("/logout", ANYONE, back=show_login)
def log_out() -> Response:
    """End the session of this browser."""
    with transaction() as session:
        logins.log_out(session, g.visit, access.browser())
    return access.forget_cookie(lead_to("login.show_login", "logged-out"))


@login_pages.page("/password/<token>", OPEN)
def show_password(token: str):
    """Ask the user of a link for a password; nothing is used up by looking."""
    with statement() as session:
        logins.count_address(session, access.browser().address)
        user = users.of_link(session, token)
    return render_template("password.html", token=token, user=user)


@login_pages.act("/password/<token>", OPEN, back=show_password)
def choose_password(token: str) -> Response:
    """Take the password that the user of a link has chosen, and let the user in."""
    with statement() as session:
        logins.count_address(session, access.browser().address)
        user = users.of_link(session, token)
    chosen = users.hash_of(user, request.form.get("password", ""))
    with transaction() as session:
        return _entered(logins.enter_by_link(session, token, chosen, access.browser()))


def _entered(done: LoggedIn, wanted: str = "") -> Response:
    following = wanted or _next()
    target = url_for("login.show_code", next=following) if done.lacks_second_factor else following
    return access.set_cookie(redirect(target, 303), done.token)


def _set_out(anew: bool) -> Response:
    begun, address = providers.set_out(_back(), anew)
    answer = redirect(address, 303)
    kept = json.dumps([begun, _next(), anew])
    answer.set_cookie(ATTEMPT, kept, max_age=ATTEMPT_S, secure=True, httponly=True, samesite="Lax", path="/")
    return answer


def _back() -> str:
    return providers.back(url_for("login.enter_by_provider"))


def _attempt() -> tuple[list[str], str, bool]:
    """Return what the browser has kept of its attempt, nothing if it has kept none of ours."""
    try:
        begun, wanted, anew = json.loads(request.cookies.get(ATTEMPT, ""))
        return [str(one) for one in begun], _ours(str(wanted)), anew is True
    except (ValueError, TypeError):
        return [], "", False


def _lacking() -> Visit:
    """Return the session that waits for a code; raise the 403 if there is none."""
    found = access.visit()
    if found is None or not found.lacks_second_factor:
        raise Forbidden("it took too long: log in again with address and password")
    return found


def _next() -> str:
    """Return the page of ours that was asked for before the login."""
    return _ours(request.values.get("next", ""))


def _ours(wanted: str) -> str:
    home = url_for("home.show_home")
    return wanted if wanted.startswith(home) and "\\" not in wanted and wanted.isprintable() else home
