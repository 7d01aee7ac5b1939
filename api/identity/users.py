"""The people of an organization, who use the console."""

from typing import Any

from flask import Response, g
from sqlalchemy.orm import Session

from api.http.blueprint import Blueprint
from api.http.bodies.identity import LinkBody, UserBody, UserChangeBody
from api.http.changes import change
from api.http.idempotency import Answer, once
from api.http.pagination import LINK, Page, page, place
from api.identity.schemas import LinkMade, User, UserWithLink
from db.models import User as UserRow
from db.transaction import report, transaction
from domain.errors import Forbidden
from domain.identity import invitations, roles, users

PATH = "/api/v1/users"
users_api = Blueprint("users", __name__, description="People: who may use the console, and as what.", url_prefix=PATH)


@users_api.route("", "users:manage", methods=["POST"])
@users_api.arguments(UserBody())
@users_api.response(201, UserWithLink)
@users_api.refuses(403, 409)
@users_api.idempotent
def invite_user(body: dict[str, Any]) -> Response:
    """Invite a user, who chooses a password by a link.

    `link` opens for 72 hours, once, and is shown this once: give it to the user, or have it sent by `sendMail`. A
    repeated request under an Idempotency-Key is answered without it. An address belongs to one user of the whole
    installation.
    """

    def work(session: Session) -> Answer:
        _require_role(body["role"])
        user, token = users.invite(session, g.organization_id, body["email"], body["name"], body["role"])
        link = _offer(session, user, token, body["send_mail"])
        return Answer(201, User().dump(user), {"Location": f"{PATH}/{user.id}"}, unkept={"link": link})

    return once(work).response()


@users_api.route("", "users:read")
@users_api.arguments(Page(), location="query")
@users_api.response(200, User(many=True), headers=LINK)
def list_users(query: dict[str, Any]) -> Any:
    """List the users, also those who are disabled.

    They come in the order in which they were invited.
    """
    with report() as session:
        rows = users.page(session, g.organization_id, *place(query, 0))
        return page(rows, query, User())


@users_api.route("/<row_id:user_id>", "users:read")
@users_api.response(200, User)
@users_api.refuses(404)
def show_user(user_id: int) -> Any:
    """Show one user.

    `hasPassword` is false until a link was followed.
    """
    with transaction() as session:
        return users.get(session, g.organization_id, user_id)


@users_api.route("/<row_id:user_id>", "users:manage", methods=["PUT"])
@users_api.arguments(UserChangeBody())
@users_api.response(200, User)
@users_api.refuses(403, 404, 409)
def change_user(body: dict[str, Any], user_id: int) -> Any:
    """Set the name and the role of a user, and whether it is disabled.

    The role holds from the next click on. A disabled user is logged out at once, and nothing acts in its name any more.
    The last owner stays one. Links by which a user may choose a password open nothing once the user may do more.
    """
    with change() as session:
        user = users.locked(session, g.organization_id, user_id)
        _require_role(user.role)
        _require_role(body["role"])
        return users.change(session, user, **body)


@users_api.route("/<row_id:user_id>/link", "users:manage", methods=["POST"])
@users_api.arguments(LinkBody())
@users_api.response(201, LinkMade)
@users_api.refuses(403, 404, 409)
def make_user_link(body: dict[str, Any], user_id: int) -> Any:
    """Make another link by which a user chooses a password.

    For one who has forgotten it, or has lost the second factor, which the link turns off. The links made before open
    nothing any more.
    """
    with change() as session:
        user = users.locked(session, g.organization_id, user_id)
        _require_role(user.role)
        return {"link": _offer(session, user, users.make_link(session, user), body["send_mail"])}


def _require_role(role: str) -> None:
    """Raise Forbidden for a role that may do more than the caller, or for any that a key gives which expires."""
    if g.caller.expires_at:
        raise Forbidden("a key that expires lets in nobody, as users do not expire", permission="users:manage")
    g.caller.require_all(roles.granted(role, None))


def _offer(session: Session, user: UserRow, token: str, send_mail: bool) -> str:
    if send_mail:
        invitations.send(session, user, token)
    return invitations.link(token)
