"""What lets us into a mailbox: a password, or what gets access tokens (OAuth 2). Kept encrypted, never shown."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeGuard
from urllib.parse import urlencode

import orjson

from domain.errors import Invalid
from gateways import http, secrecy
from gateways.imap import Denied, Login, Trouble

PASSWORD, OAUTH = "password", "oauth"
# Before an access token ends, another one is asked for.
EARLY_S, USUAL_S = 60, 3600
TOKEN_ANSWER_S = 10.0
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
LONGEST_TOKEN = 10_000
SECONDS = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True)
class Access:
    """An access token, for how many seconds it is good, and the next refresh token if there is one."""

    token: str = field(repr=False)
    seconds: int
    refresh_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class OAuth:
    """A client of an authorization server, and the refresh token by which it gets access."""

    token_url: str
    client_id: str
    refresh_token: str = field(repr=False)
    client_secret: str | None = field(default=None, repr=False)
    scope: str | None = None

    def access(self, seconds: float = TOKEN_ANSWER_S) -> Access:
        """Return an access token, asked for over https; raise Denied or Trouble, or http.Refused for its address."""
        asked = {
            "grant_type": "refresh_token",
            "refresh_token": self.refresh_token,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "scope": self.scope,
        }
        body = urlencode({name: value for name, value in asked.items() if value}).encode()
        try:
            with http.Receiver(self.token_url, setting=http.MAILBOXES) as server:
                answer = server.post(FORM, body, seconds)
        except http.Unsent as unsent:
            raise Trouble(f"the token address: {unsent}") from unsent
        return _access(answer, (self.refresh_token, self.client_secret or ""))


def text(fields: Mapping[str, Any]) -> tuple[str, str]:
    """Return which kind of credentials there are in a mailbox's `fields`, and their text; raise Invalid."""
    password, oauth = fields.get("password"), fields.get("oauth")
    if bool(password) == bool(oauth):
        raise Invalid.fields({"password": ["is required, or oauth: one of the two"]})
    if not oauth:
        return PASSWORD, json.dumps({"password": password})
    check_token_url(oauth["token_url"])
    return OAUTH, json.dumps(dict(oauth))


def check_token_url(url: str) -> None:
    """Raise Invalid unless tokens may be asked for at this address."""
    try:
        http.check(url, http.MAILBOXES)
    except http.Refused as refused:
        raise Invalid.fields({"oauth.tokenUrl": [f"is refused: {refused}"]}) from None
    if not url.lower().startswith("https://"):
        raise Invalid.fields({"oauth.tokenUrl": ["is refused: the URL must begin with https://"]})


def login(user: str, kept: str, access_token: str | None) -> Login:
    """Return what lets `user` in by the text that was kept, and by the access token if that is needed."""
    return Login(user, password=json.loads(kept).get("password", ""), token=access_token or "")


def oauth(kept: str) -> OAuth:
    """Return what gets access tokens by the text that was kept."""
    return OAuth(**json.loads(kept))


def renewed(kept: str, access: Access) -> str | None:
    """Return the text to keep from now on, None if it stays: some servers take a refresh token once."""
    if access.refresh_token is None or access.refresh_token == json.loads(kept).get("refresh_token"):
        return None
    return json.dumps({**json.loads(kept), "refresh_token": access.refresh_token})


def _access(answer: http.Answer, secrets: Sequence[str]) -> Access:
    try:
        told = orjson.loads(answer.body)
        told = told if isinstance(told, dict) else {}
    except orjson.JSONDecodeError:
        told = {}
    if answer.status in (400, 401, 403):
        raise Denied(f"the token address refuses: {secrecy.without(_said(told), secrets) or answer.status}")
    token, refresh = told.get("access_token"), told.get("refresh_token")
    if answer.status != 200 or not _is_token(token):
        raise Trouble(f"the token address answered {answer.status}, and no token")
    seconds = str(told.get("expires_in"))
    good_for = int(seconds) if SECONDS.fullmatch(seconds) else USUAL_S
    return Access(token, max(0, min(good_for, USUAL_S * 24) - EARLY_S), refresh if _is_token(refresh) else None)


def _is_token(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_TOKEN and value.isascii() and value.isprintable()


def _said(told: Mapping[str, Any]) -> str:
    words = (told.get(name) for name in ("error", "error_description"))
    return ": ".join(word[:200] for word in words if isinstance(word, str) and word.isprintable())
