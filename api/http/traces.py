"""Each request is of the trace that its caller names by `traceparent`, if any, and the answer says of which it is."""

from functools import partial

from flask import Flask, Response, g, request

from api.http.server import GO_ON, HEAD_ONLY
from db import traces

# Of a draft of Trace Context, beside `traceparent`.
ANSWERED = "traceresponse"
METHODS = frozenset(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])


def follow_traces(app: Flask, path: str = "") -> None:
    """Have what each request of `app`, mounted at `path`, does be of a trace; so register it first."""

    def begin() -> None:
        route = f"{path}{request.url_rule.rule}" if request.url_rule else ""
        method = request.method if request.method in METHODS else "_OTHER"
        noted = {"http.request.method": method, "url.scheme": request.scheme}
        noted |= {"http.route": route} if route else {}
        caller = traces.read(request.headers.get(traces.HEADER))
        g.recorded = partial(traces.span, f"{method} {route}".strip(), traces.SERVER, traces.now(), caller, noted=noted)
        # Of one that is asked for its head first, the rest comes as a second request.
        g.traced = traces.within(caller) if HEAD_ONLY in request.environ else g.recorded()
        g.span = g.traced.__enter__()

    app.before_request(begin)
    app.after_request(_say)
    app.teardown_request(_end)


def _say(response: Response) -> Response:
    if "span" not in g:
        return response
    if traceparent := traces.current():
        response.headers[ANSWERED] = traceparent
    if HEAD_ONLY not in request.environ:
        _note(g.span, response)
    elif response.status != GO_ON:
        with g.recorded() as span:
            _note(span, response)
    return response


def _note(span: traces.Span, response: Response) -> None:
    span.set({"http.response.status_code": response.status_code})
    if response.status_code >= 500:
        span.fail(str(response.status_code))


def _end(_: BaseException | None) -> None:
    if traced := g.pop("traced", None):
        traced.__exit__(None, None, None)
