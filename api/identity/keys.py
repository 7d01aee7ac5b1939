"""The keys of an organization: what each may do, and how to take it away."""

from datetime import datetime
from typing import Any

from flask import Response, g
from sqlalchemy.orm import Session

from api.http.blueprint import Blueprint
from api.http.bodies.identity import KeyBody
from api.http.changes import change
from api.http.idempotency import Answer, once
from api.http.pagination import LINK, Page, page, place
from api.identity.schemas import Key, KeyWithSecret
from db.transaction import report, transaction
from domain.errors import Invalid
from domain.identity import keys, roles

PATH = "/api/v1/keys"
keys_api = Blueprint("keys", __name__, description="API keys: what each may do, and until when.", url_prefix=PATH)


@keys_api.route("", "keys:manage", methods=["POST"])
@keys_api.arguments(KeyBody())
@keys_api.response(201, KeyWithSecret)
@keys_api.refuses(409)
@keys_api.idempotent
def create_key(body: dict[str, Any]) -> Response:
    """Create a key, which is shown this once.

    It may do what you may, or less, and no longer than your own key. What opens is `key`. A repeated request under an
    Idempotency-Key is answered without it: revoke what you have not received, and create another.
    """

    def work(session: Session) -> Answer:
        g.caller.require_all(roles.granted(body.get("role"), body.get("scopes")))
        _require_time(body.get("expires_at"))
        made = keys.create(session, g.organization_id, **body)
        location = {"Location": f"{PATH}/{made.row.id}"}
        return Answer(201, Key().dump(made.row), location, unkept={"key": made.secret})

    return once(work).response()


@keys_api.route("", "keys:read")
@keys_api.arguments(Page(), location="query")
@keys_api.response(200, Key(many=True), headers=LINK)
def list_keys(query: dict[str, Any]) -> Any:
    """List the keys that open something.

    They come in the order in which they were created.
    """
    with report() as session:
        rows = keys.page(session, g.organization_id, *place(query, 0))
        return page(rows, query, Key())


@keys_api.route("/<row_id:key_id>", "keys:read")
@keys_api.response(200, Key)
@keys_api.refuses(404)
def show_key(key_id: int) -> Any:
    """Show one key.

    One that was revoked, or has expired, is not found.
    """
    with transaction() as session:
        return keys.get(session, g.organization_id, key_id)


@keys_api.route("/<row_id:key_id>", "keys:manage", methods=["DELETE"])
@keys_api.response(204)
@keys_api.refuses(404)
def revoke_key(key_id: int) -> Response:
    """Revoke a key: it opens nothing from now on.

    It takes all that the key may do, as creating it would. An event stream that the key opened ends within ten minutes.
    Automations that act in its name are disabled when their turn comes.
    """
    with change() as session:
        key = keys.get(session, g.organization_id, key_id)
        g.caller.require_all(roles.granted(key.role, key.scopes))
        keys.revoke(session, key_id)
    return Response(status=204)


def _require_time(expires_at: datetime | None) -> None:
    """Raise Invalid for a key that would outlive the caller's own, or a key that expires would never do so."""
    own = g.caller.expires_at
    if own and (expires_at is None or expires_at > own):
        raise Invalid.fields({"expiresAt": [f"must not be later than your own key's, {own:%Y-%m-%dT%H:%M:%SZ}"]})
