"""Idempotency-Key: the same key and request get the first answer again, and the work is done once."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from flask import Response, current_app, g, request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from api.http import exact_json
from api.http.changes import log
from api.http.problems import MEDIA_TYPE, Refused, invalid, problem_body
from db.transaction import is_transient, sqlstate, transaction
from domain import idempotency

# No comma: HTTP joins headers of one name by it, so a key that was sent twice would pass for another key.
KEY = re.compile(r"[!-+\--~]([ -+\--~]{0,253}[!-+\--~])?")
STILL_RUNNING = "a request with this Idempotency-Key is still running; send this one again after Retry-After seconds"
# The server has undone these for certain: deadlock, serialization failure, a race for the same new row, a write to a
# server that is no longer the primary.
UNDONE = {"40001", "40P01", "23505", "25006"}
PAUSES = (0.02, 0.1)


@dataclass(frozen=True)
class Answer:
    """The answer of the work: kept under the key, so that it can be given again.

    `target` is what the work has changed, if neither the path nor a Location below it says so. `unkept` are fields of
    the body that are shown this once: a replay is without them.
    """

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)
    replayed: bool = False
    target: str | None = None
    unkept: dict[str, Any] = field(default_factory=dict, repr=False)

    def response(self) -> Response:
        """Return the answer as JSON."""
        text = current_app.json.dumps({**self.body, **self.unkept} if self.unkept else self.body)
        mimetype = "application/json" if self.status < 400 else MEDIA_TYPE
        return self.mark(Response(text, self.status, self.headers, mimetype=mimetype))

    def mark(self, response: Response) -> Response:
        """Return `response`, which says so if it is a replay."""
        if self.replayed:
            response.headers["Idempotent-Replayed"] = "true"
        return response


def refusal(refused: Refused) -> Answer:
    """Return the refusal as an answer that can be kept."""
    return Answer(refused.code, problem_body(refused), refused.headers)


def once(
    work: Callable[[Session], Answer],
    prepare: Callable[[], object] | None = None,
    unkeyed: Callable[[], Answer] | None = None,
    key: str | None = None,
) -> Answer:
    """Return what `work` answers, done and kept in one transaction, or what it answered to this key before.

    The key is the request's header, or `key`, which a form holds.

    `prepare` runs first, outside any transaction, unless there is an answer already. `unkeyed` does what `work` does,
    at less cost, for a caller that sends no key.
    """
    key = key or _key()
    if prepare:
        if known := key and _repeated(lambda: _known(key), key):
            return known
        _repeated(prepare, key)
    return _repeated(lambda: _do(work, key, unkeyed), key)


def amend(session: Session, answer: Answer) -> Answer:
    """Return `answer`, kept under the caller's key in place of what `once` kept before anybody was told."""
    if key := _key():
        idempotency.amend(session, g.organization_id, key, answer.status, _text(answer))
    return answer


def _do(work: Callable[[Session], Answer], key: str | None, unkeyed: Callable[[], Answer] | None) -> Answer:
    if key is None and unkeyed:
        return unkeyed()
    with transaction() as session:
        if key is None:
            return _logged(session, work(session))
        if not idempotency.lock(session, g.organization_id, key):
            raise Refused(409, STILL_RUNNING, headers={"Retry-After": "1"})
        if known := _replay(session, key):
            return known
        answer = _logged(session, work(session))
        idempotency.keep(session, g.organization_id, key, _fingerprint(), answer.status, _text(answer))
        return answer


def _logged(session: Session, answer: Answer) -> Answer:
    if answer.status < 400:
        made = answer.headers.get("Location", "")
        log(session, answer.target or (made if made.startswith(f"{request.path}/") else None))
    return answer


def _text(answer: Answer) -> str:
    return exact_json.dumps({"body": answer.body, "headers": answer.headers})


def _known(key: str) -> Answer | None:
    with transaction() as session:
        return _replay(session, key)


def _replay(session: Session, key: str) -> Answer | None:
    kept = idempotency.find(session, g.organization_id, key)
    if kept is None:
        return None
    if kept.fingerprint != _fingerprint():
        raise Refused(422, "this Idempotency-Key was used for another request")
    return replace(Answer(kept.status_code, **exact_json.loads(kept.response)), replayed=True)


def _repeated(run: Callable[[], Any], key: str | None) -> Any:
    """Run again what the database has undone; what it may have done, only under a key."""
    for pause in PAUSES:
        try:
            return run()
        except DBAPIError as error:
            undone = sqlstate(error) in UNDONE or (key and error.connection_invalidated)
            if not undone or not is_transient(error):
                raise
            time.sleep(pause)
    return run()


def _key() -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not KEY.fullmatch(key):
        raise invalid({"Idempotency-Key": ["must be sent once: 1 to 255 printable ASCII characters without a comma"]})
    return key


def _fingerprint() -> bytes:
    """Return the SHA-256 of all that decides what is done: method, path, parameters and the body's meaning."""
    target = f"{request.method} {request.path}?{request.query_string.decode('latin-1')}\n"
    return sha256(target.encode() + exact_json.canonical(g.get("body"))).digest()
