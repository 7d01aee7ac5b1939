"""The rates of requests: beyond them 429, and told in headers as draft-ietf-httpapi-ratelimit-headers-11 has them.

An operator's key has no limit, so that the people on call get in whatever their organization does.
"""

from flask import Flask, Response, current_app, g

import settings
from api.http.problems import over_quota
from domain.identity.rates import Allowance, Rates, Standing

EXTENSION = "counterfoil.rates"
ORGANIZATION, KEY = "organization", "key"


def limit_rates(app: Flask) -> None:
    """Count each request of a known caller to its organization and to its key."""
    app.extensions[EXTENSION] = Rates()
    app.before_request(_count)
    app.after_request(_tell)


def allowances() -> list[Allowance]:
    """Return the rates of this request's caller."""
    given = settings.current()
    of_all = g.caller.max_requests_per_second or given.max_requests_per_second
    of_key = min(of_all, given.max_requests_per_second_per_key)
    return [
        Allowance(ORGANIZATION, g.organization_id, of_all, given.request_burst),
        Allowance(KEY, g.caller.actor, of_key, given.request_burst),
    ]


def _count() -> None:
    if "caller" not in g or g.caller.is_operator:
        return
    g.standings, spent = current_app.extensions[EXTENSION].take(allowances())
    if spent:
        one = spent.allowance
        told = f"your {one.name} may send {one.per_second:,} requests a second, and {one.quota:,} at once: send fewer"
        raise over_quota(one.name, told, spent.wait_s)


def _tell(response: Response) -> Response:
    standings: list[Standing] = g.get("standings", [])
    if standings:
        response.headers["RateLimit-Policy"] = ", ".join(
            f'"{one.name}";q={one.quota};w={one.burst_s}' for one, *_ in standings
        )
        response.headers["RateLimit"] = ", ".join(
            f'"{one.allowance.name}";r={one.remaining};t={one.reset_s}' for one in standings
        )
    return response
