"""The slots of this process that its requests hold: threads, and the few for heavy work and for long polls."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import wraps
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g

from api.http.problems import over_quota, unavailable
from domain.shares import OverShare, Shares

EXTENSION = "counterfoil.shares"
# Operators are an organization of their own here: whatever their organization's callers do, they get in.
OPERATORS = 0
# All who have not logged in yet, together.
STRANGERS = -1
PAUSE_S = 1
View = TypeVar("View", bound=Callable[..., Any])


class RequestShares:
    """The slots of one process with so many threads; heavy work and long polls never hold more than half of them."""

    def __init__(self, threads: int) -> None:
        self.requests = Shares(threads)
        # Held until an answer is read, which may take long.
        self.heavy = Shares(max(2, threads // 2), prompt_s=0)
        self.long_polls = Shares(max(1, threads // 2), prompt_s=0)
        # A password takes a core for a while, a provider of logins its time: half of the threads at the most.
        self.strangers = Shares(threads, lent=False)


def share_threads(app: Flask, threads: int) -> None:
    """Give each request of a known caller one of `threads` slots until its answer is sent, or refuse it at once."""
    app.extensions[EXTENSION] = RequestShares(threads)
    app.before_request(_hold_thread)
    app.after_request(_hold_until_sent)
    app.teardown_request(_give_back)


def request_shares() -> RequestShares:
    """Return the slots of the application that answers this request."""
    return current_app.extensions[EXTENSION]


def asker() -> int:
    """Return who is counted for this request: the caller's organization, or all operators together."""
    return OPERATORS if g.caller.is_operator else g.organization_id


def heavy(view: View) -> View:
    """Have the view hold a slot for heavy work until its answer is sent."""

    @wraps(view)
    def run(*arguments: Any, **named: Any) -> Any:
        _hold(request_shares().heavy, "heavy-requests", "audits, exports, lists of invoices and template checks")
        return view(*arguments, **named)

    return run  # type: ignore[return-value]


def hold_as_stranger() -> None:
    """Give this request one of the slots that all who have not logged in have together, or refuse it."""
    g.held = ExitStack()
    try:
        g.held.callback(request_shares().strangers.take(STRANGERS))
    except OverShare:
        raise unavailable("too many people are at the door: send this again in a moment") from None


def _hold_thread() -> None:
    if "organization_id" in g:
        g.held = ExitStack()
        _hold(request_shares().requests, "concurrent-requests", "requests")


def _hold(shares: Shares, name: str, what: str) -> None:
    try:
        g.held.callback(shares.take(asker()))
    except OverShare as refused:
        if not refused.own:
            raise unavailable(f"as many {what} as this server does at once are under way; send this again") from None
        told = f"your organization has its share of the {what} that this server does at once: wait for one to end"
        raise over_quota(name, told, PAUSE_S) from None


def _hold_until_sent(response: Response) -> Response:
    if response.is_streamed and "held" in g:
        held = g.pop("held")
        response.response = _releasing(response.response, held)  # type: ignore[arg-type]
        response.call_on_close(held.close)  # for an answer that is never read
    return response


def _releasing(body: Iterable[bytes], held: ExitStack) -> Iterator[bytes]:
    with held:
        yield from body


def _give_back(_: BaseException | None) -> None:
    if held := g.pop("held", None):
        held.close()
