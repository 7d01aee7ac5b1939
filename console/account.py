"""What a user sees to alone: the password, the second factor, and the browsers that are logged in."""

import segno
from flask import g, make_response, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from api.http.blueprint import ANYONE, OPEN
from api.http.changes import change
from console import access, words
from console.pages import Pages, field, lead_to
from db.models import User
from db.transaction import transaction
from domain.identity import logins, passwords, second_factor, sessions, users

account_pages = Pages("account", __name__)


@account_pages.page("/account", ANYONE)
def show_account():
    """Show the user's own account."""
    with transaction() as session:
        user = _self(session)
        browsers = sessions.open_ones(session, user.id)
    return render_template("account.html", user=user, browsers=browsers, shortest=passwords.SHORTEST)


@account_pages.act("/account/password", ANYONE, back=show_account)
def change_password() -> Response:
    """Take another password, once the present one was given."""
    logins.confirm(g.visit, request.form.get("password", ""), access.browser())
    with transaction() as session:
        user = _self(session)
    chosen = users.hash_of(user, request.form.get("new_password", ""))
    with change() as session:
        user = _self(session)
        users.set_password(session, user, chosen)
        token = sessions.start(session, user, access.browser())
    return access.set_cookie(lead_to("account.show_account", "password"), token)


@account_pages.page("/account/second-factor", ANYONE)
def show_second_factor():
    """Show the picture that an authenticator reads."""
    with transaction() as session:
        user = _self(session)
    secret = field("secret") if "refused" in g else ""
    offered = second_factor.offer(user, secret)
    picture = segno.make(offered.uri).svg_data_uri(scale=5, border=2, dark="black", light="white")
    return render_template("second_factor.html", secret=offered.secret, picture=picture)


@account_pages.act("/account/second-factor", ANYONE, back=show_second_factor)
def turn_on_second_factor() -> Response:
    """Ask for codes from now on, once one was given that is right."""
    access.require_confirmed(request.form.get("password", ""))
    with change() as session:
        second_factor.turn_on(session, _self(session), field("secret"), field("code"))
    return lead_to("account.show_account", "second-factor-on")


@account_pages.act("/account/second-factor/off", ANYONE, back=show_account)
def turn_off_second_factor() -> Response:
    """Ask for codes no more."""
    access.require_confirmed(request.form.get("password", ""))
    with change() as session:
        second_factor.turn_off(_self(session))
    return lead_to("account.show_account", "second-factor-off")


@account_pages.act("/account/browsers/<row_id:session_id>/end", ANYONE, back=lambda session_id: show_account())
def end_session(session_id: int) -> Response:
    """Log one of the user's browsers out."""
    with change() as session:
        sessions.end_one(session, g.visit.user_id, session_id)
    return lead_to("account.show_account", "ended")


@account_pages.page("/language/<code>", OPEN)
def choose_language(code: str) -> Response:
    """Show the pages in another language from now on."""
    answer = make_response(lead_to("account.show_account" if access.visit() else "login.show_login"))
    if code in words.LANGUAGES:
        answer.set_cookie(words.COOKIE, code, max_age=365 * 86_400, samesite="Lax", path="/console")
    return answer


def _self(session: Session) -> User:
    return users.get(session, g.organization_id, g.visit.user_id)
