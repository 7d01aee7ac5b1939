"""API keys: what each may do, made and revoked."""

from datetime import UTC, datetime, time

from flask import g, render_template, request
from werkzeug.wrappers import Response

from api.http.bodies.identity import KeyBody
from api.http.changes import change
from console import access
from console.codes import told
from console.forms import loaded, texts
from console.lists import ROWS, after, listed
from console.pages import Pages, field, lead_to
from db.transaction import report
from domain.errors import Invalid
from domain.identity import keys, roles

keys_pages = Pages("keys", __name__)


@keys_pages.page("/keys", "keys:read")
def list_keys():
    """Show the keys that open something, and the form by which another is made."""
    with report() as session:
        found = listed(keys.page(session, g.organization_id, after() or 0, ROWS + 1))
    own = [(role, told(role)) for role in roles.within(g.caller.permissions)]
    return render_template("keys.html", keys=found, roles=own, permissions=roles.PERMISSIONS)


@keys_pages.act("/keys", "keys:manage", back=list_keys)
def create_key() -> str:
    """Make a key, and show it, this once."""
    access.require_confirmed(request.form.get("password", ""))
    ticked = request.form.getlist("scopes")
    body = loaded(KeyBody(), texts("name") | ({"scopes": ticked} if ticked else texts("role")))
    role, scopes = body.get("role"), body.get("scopes")
    g.caller.require_all(roles.granted(role, scopes))
    with change() as session:
        made = keys.create(session, g.organization_id, body["name"], role, scopes, _expiry())
    return render_template("key_made.html", made=made)


@keys_pages.act("/keys/<row_id:key_id>/revoke", "keys:manage", back=lambda key_id: list_keys())
def revoke_key(key_id: int) -> Response:
    """Let a key open nothing any more."""
    with change() as session:
        key = keys.get(session, g.organization_id, key_id)
        g.caller.require_all(roles.granted(key.role, key.scopes))
        keys.revoke(session, key_id)
    return lead_to("keys.list_keys", "revoked")


def _expiry() -> datetime | None:
    """Return the end (UTC) of the day that the form says; raise Invalid."""
    if not (given := field("expires")):
        return None
    try:
        return datetime.combine(datetime.strptime(given, "%Y-%m-%d").date(), time.max, UTC)
    except ValueError:
        raise Invalid.fields({"expires": ["must be a day"]}) from None
