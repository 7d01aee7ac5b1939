"""How a page is declared: its address and the permission that it takes, once for the page and for all links to it."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import flask
from flask import g, redirect, request, url_for
from werkzeug.wrappers import Response

from api.http.blueprint import ANYONE, OPEN
from api.http.errors import refusal
from domain.errors import Refusal
from domain.identity import roles

# What each page and act takes, by its endpoint.
PERMISSIONS: dict[str, str] = {}


class Pages(flask.Blueprint):
    """Pages of one subject. `page` shows something; `act` changes something, and leads to a page."""

    def page(self, rule: str, permission: str) -> Callable[[Callable], Callable]:
        """Register a page, which takes a permission, or is for ANYONE who has logged in, or OPEN."""
        return self._declare(rule, permission, "GET")

    def act(self, rule: str, permission: str, back: Callable[..., Any]) -> Callable[[Callable], Callable]:
        """Register an act, which is named as the operation of the API that does the same.

        What it refuses is shown by the page `back`, called with the arguments of the act, with what was filled in.
        """

        def declare(view: Callable) -> Callable:
            @wraps(view)
            def act(**arguments: Any) -> Any:
                try:
                    return view(**arguments)
                except Refusal as refused:
                    g.refused = refused
                    return back(**arguments), refusal(refused).code

            self._declare(rule, permission, "POST")(act)
            return view

        return declare

    def _declare(self, rule: str, permission: str, method: str) -> Callable[[Callable], Callable]:
        if permission not in (ANYONE, OPEN, *roles.PERMISSIONS):
            raise TypeError(f"{permission!r} is no permission")

        def declare(view: Callable) -> Callable:
            PERMISSIONS[f"{self.name}.{view.__name__}"] = permission
            self.add_url_rule(rule, view.__name__, view, methods=[method])
            return view

        return declare


def may_open(endpoint: str) -> bool:
    """Tell whether the caller may open a page, or do an act."""
    permission = PERMISSIONS[endpoint]
    return permission in (ANYONE, OPEN) or g.caller.may(permission)


def lead_to(endpoint: str, told: str = "", **arguments: Any) -> Response:
    """Return the answer that leads a browser to a page, which says what was done by one of NOTICES."""
    said: dict[str, Any] = {"told": told} if told else {}
    return redirect(url_for(endpoint, **arguments, **said), 303)


def field(name: str) -> str:
    """Return what the form says of a field, without the space around it."""
    return request.form.get(name, "").strip()
