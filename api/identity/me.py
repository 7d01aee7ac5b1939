"""The caller itself: whose key it holds, what it may do, and what is left of its quotas."""

from collections.abc import Iterator
from typing import Any

from flask import g
from marshmallow import fields

from api.http.blueprint import ANYONE, Blueprint
from api.http.rates import allowances
from api.http.schema import CamelSchema
from api.http.shares import request_shares
from db.transaction import statement
from domain.identity import quotas
from domain.identity.quotas import Usage

me_api = Blueprint("identity", __name__, description="The organization and key of the caller, and their quotas.")
DAY_S = 86_400


class Quota(CamelSchema):
    """One limit. `used` is null where it changes with every request: the RateLimit header has what is left."""

    name = fields.String()
    limit = fields.Integer()
    used = fields.Integer(allow_none=True)
    window_seconds = fields.Integer(
        allow_none=True, metadata={"description": "The limit is for so many seconds; null if it is for ever."}
    )


class Me(CamelSchema):
    organization_id = fields.Integer()
    organization_name = fields.String()
    actor = fields.String(metadata={"description": "Who you are in `createdBy`, such as key:7."})
    name = fields.String(metadata={"description": "What the key is called."})
    permissions = fields.List(fields.String())
    operator = fields.Boolean(metadata={"description": "Whether the key opens what concerns all organizations."})
    quotas = fields.List(fields.Nested(Quota))


@me_api.route("/api/v1/me", ANYONE)
@me_api.response(200, Me)
def show_me() -> Any:
    """Show whose key this is, what it may do, and its quotas.

    The rates of `organization` and `key` are for each API process; `concurrent-requests` is what one process does at
    once for an organization while another asks. An operator's key has no rate.
    """
    with statement() as session:
        used = quotas.usage(session, g.organization_id)
    return {
        "organization_id": g.organization_id,
        "organization_name": used.organization,
        "actor": g.caller.actor,
        "name": g.caller.name,
        "permissions": sorted(g.caller.permissions),
        "operator": g.caller.is_operator,
        "quotas": [*_rates(), *_sizes(used)],
    }


def _rates() -> Iterator[dict[str, Any]]:
    for one in () if g.caller.is_operator else allowances():
        yield _quota(one.name, one.quota, None, one.burst_s)
    yield _quota("concurrent-requests", max(1, request_shares().requests.slots // 2), None, None)


def _sizes(used: Usage) -> Iterator[dict[str, Any]]:
    yield _quota(quotas.INVOICES, used.max_invoices_per_day, used.invoices, DAY_S)
    yield _quota(quotas.TEMPLATES, used.max_templates, used.templates, None)
    yield _quota(quotas.BYTES, used.max_stored_bytes, used.stored_bytes, None)


def _quota(name: str, limit: int, used: int | None, window: int | None) -> dict[str, Any]:
    return {"name": name, "limit": limit, "used": used, "window_seconds": window}
