"""What the application and the server that runs it tell each other in the WSGI environment."""

import socket
from collections.abc import Callable, Hashable

from flask import Flask, Response, request

# The server has only the head so far, and asks whether the body is wanted: GO_ON, or what the application refuses.
HEAD_ONLY, GO_ON = "counterfoil.head_only", "204 NO CONTENT"
# A function of the server: what is passed to it is given the connection's socket once the answer's head is sent.
GIVE_AWAY = "counterfoil.give_away"
# A function of the server: it is told who the caller is, who takes turns with the others.
CALLER = "counterfoil.caller"
# A function of the server: it is told how many bytes the body of this request may have.
BODY_LIMIT = "counterfoil.body_limit"

_at_stop: list[Callable[[], None]] = []

Take = Callable[[socket.socket], None]


def answer_heads(app: Flask) -> None:
    """Answer each HEAD_ONLY request once all that precedes the view has let it pass; so register it last."""
    app.before_request(_go_on)


def gives_away(take: Take) -> bool:
    """Have the server give the connection of this request to `take`; return False under a server that never does."""
    offered = request.environ.get(GIVE_AWAY)
    if offered:
        offered(take)
    return bool(offered)


def name_caller(caller: Hashable) -> None:
    """Tell the server whose request this is; what is told is never 0 or empty."""
    if tell := request.environ.get(CALLER):
        tell(caller)


def allow_body(max_bytes: int) -> None:
    """Tell the server how many bytes the body of this request may have."""
    if tell := request.environ.get(BODY_LIMIT):
        tell(max_bytes)


def _go_on() -> Response | None:
    if HEAD_ONLY not in request.environ:
        return None
    if request.routing_exception:
        raise request.routing_exception
    return Response(status=GO_ON)


def at_stop(act: Callable[[], None]) -> None:
    """Have `act` called when the server stops, before it waits for the requests that run."""
    _at_stop.append(act)


def stop() -> None:
    """Tell the application that its server stops."""
    for act in _at_stop:
        act()
