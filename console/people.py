"""The users of an organization: invited, given a role, disabled, and let in again."""

from flask import g, render_template, request
from werkzeug.wrappers import Response

from api.http.bodies.identity import UserBody, UserChangeBody
from api.http.changes import change
from console import access
from console.codes import told
from console.forms import loaded, texts
from console.lists import ROWS, after, listed
from console.pages import Pages, lead_to
from db.transaction import report, transaction
from domain.identity import invitations, roles, users

people_pages = Pages("people", __name__)


@people_pages.page("/users", "users:read")
def list_users():
    """Show the users, and the form by which another is invited."""
    with report() as session:
        found = listed(users.page(session, g.organization_id, after() or 0, ROWS + 1))
    return render_template("users.html", users=found, roles=_roles())


@people_pages.act("/users", "users:manage", back=list_users)
def invite_user() -> str:
    """Invite a user, and show the link, this once."""
    access.require_confirmed(request.form.get("password", ""))
    body = loaded(UserBody(), texts("email", "name", "role"))
    role = _allowed(body["role"])
    with change() as session:
        user, token = users.invite(session, g.organization_id, body["email"], body["name"], role)
    return render_template("user_link.html", user=user, link=_absolute(invitations.link(token)))


@people_pages.page("/users/<row_id:user_id>", "users:read")
def show_user(user_id: int):
    """Show a user, and what can be changed."""
    with transaction() as session:
        user = users.get(session, g.organization_id, user_id)
    return render_template("user.html", user=user, roles=_roles())


@people_pages.act("/users/<row_id:user_id>", "users:manage", back=show_user)
def change_user(user_id: int) -> Response:
    """Set the name and the role of a user, and whether it is disabled."""
    access.require_confirmed(request.form.get("password", ""))
    body = loaded(UserChangeBody(), {**texts("name", "role"), "disabled": "disabled" in request.form})
    with change() as session:
        user = users.locked(session, g.organization_id, user_id)
        _allowed(user.role)
        _allowed(body["role"])
        users.change(session, user, **body)
    return lead_to("people.show_user", "saved", user_id=user_id)


@people_pages.act("/users/<row_id:user_id>/link", "users:manage", back=show_user)
def make_user_link(user_id: int) -> str:
    """Make another link by which a user chooses a password, and show it, this once."""
    access.require_confirmed(request.form.get("password", ""))
    with change() as session:
        user = users.locked(session, g.organization_id, user_id)
        _allowed(user.role)
        token = users.make_link(session, user)
    return render_template("user_link.html", user=user, link=_absolute(invitations.link(token)))


def _roles() -> list[tuple[str, str]]:
    """Return the roles that the caller may give."""
    return [(role, told(role)) for role in roles.within(g.caller.permissions)]


def _allowed(role: str) -> str:
    """Return the role; raise Forbidden if it may do more than the caller."""
    g.caller.require_all(roles.granted(role, None))
    return role


def _absolute(link: str) -> str:
    return link if "://" in link else request.host_url.rstrip("/") + link
