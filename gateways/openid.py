"""A provider says who a user is: OpenID Connect 1.0, the authorization code flow with PKCE (RFC 7636).

It needs the extra `oidc`. The provider is named by the operator, so it may be anywhere; it is believed no more than
others: whoever is at the door, known to nobody, has us ask it.
"""

import secrets
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from functools import cache
from hashlib import sha256
from math import isfinite
from typing import Any, NamedTuple
from urllib.parse import quote_plus, urlencode

import orjson

import settings
from gateways import require_outside
from gateways.http import Answer, Provider, Refused, Unsent

SCOPE = "openid email profile"
DISCOVERY = "/.well-known/openid-configuration"
TIMEOUT_S, KEPT_S, LEEWAY_S = 10, 600.0, 60
# Those of OpenID Connect that need no secret of ours on the other side; never `none`.
ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
UNCONFIRMED = "the provider did not confirm the login"


class Failed(Exception):
    """The provider did not say who it is; the message is for people."""


class Attempt(NamedTuple):
    """What the browser keeps while its user is at the provider's."""

    state: str
    nonce: str
    verifier: str


class Identity(NamedTuple):
    """Who the provider says it is. `email` is empty unless the provider has verified it.

    `asked_at` is when the provider has asked its user, in seconds since 1970, 0 if it does not say.
    """

    issuer: str
    subject: str
    email: str
    asked_at: float


def attempt() -> Attempt:
    """Return the secrets of a new attempt to log in."""
    return Attempt(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48))


def address(begun: Attempt, back: str, anew: bool = False) -> str:
    """Return the provider's page that leads back to ours; raise Failed.

    `anew` has the provider ask its user who it is, also one that it knows already.
    """
    require_outside()
    asked = {
        "response_type": "code",
        "client_id": settings.current().oidc_client_id,
        "redirect_uri": back,
        "scope": SCOPE,
        "state": begun.state,
        "nonce": begun.nonce,
        "code_challenge": _base64url(sha256(begun.verifier.encode()).digest()),
        "code_challenge_method": "S256",
        **({"prompt": "login", "max_age": 0} if anew else {}),
    }
    where = _address(_metadata(), "authorization_endpoint")
    return f"{where}{'&' if '?' in where else '?'}{urlencode(asked)}"


def identity(begun: Attempt, back: str, code: str) -> Identity:
    """Return whom the provider has let in, for the code that the browser came back with; raise Failed."""
    require_outside()
    metadata = _metadata()
    try:
        claims = _claims(_token(metadata, begun, back, code), metadata, begun.nonce)
    except Failed:
        raise
    except Exception as error:  # of joserfc, which raises what it likes at what is no token
        raise Failed(f"{UNCONFIRMED}: {type(error).__name__}") from error
    issuer, subject, email = (claims.get(name, "") for name in ("iss", "sub", "email"))
    if not all(isinstance(one, str) and one.isprintable() for one in (issuer, subject, email)):
        raise Failed(f"{UNCONFIRMED}: it does not say who it is in text")
    asked_at = claims.get("auth_time")
    if not isinstance(asked_at, int | float) or not isfinite(asked_at):
        asked_at = 0
    return Identity(issuer, subject, email if claims.get("email_verified") is True else "", asked_at)


def _token(metadata: Mapping[str, Any], begun: Attempt, back: str, code: str) -> str:
    given = settings.current()
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": back,
        "code_verifier": begun.verifier,
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if given.oidc_client_secret:
        pair = f"{quote_plus(given.oidc_client_id)}:{quote_plus(given.oidc_client_secret)}"
        headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    else:
        form["client_id"] = given.oidc_client_id
    url = _address(metadata, "token_endpoint")
    return _said(url, lambda provider: provider.post(headers, urlencode(form).encode(), TIMEOUT_S))["id_token"]


def _claims(id_token: str, metadata: Mapping[str, Any], nonce: str) -> Mapping[str, Any]:
    """Return what a token says that is the provider's, for us, of now and of this attempt (OpenID Connect, 3.1.3.7)."""
    from joserfc import jwt

    claims = jwt.decode(id_token, _keys(_address(metadata, "jwks_uri")), algorithms=ALGORITHMS).claims
    given = settings.current()
    jwt.JWTClaimsRegistry(
        leeway=LEEWAY_S,
        iss={"essential": True, "value": metadata["issuer"]},
        aud={"essential": True, "value": given.oidc_client_id},
        exp={"essential": True},
        sub={"essential": True},
        nonce={"essential": True, "value": nonce},
    ).validate(claims)
    return claims


def _metadata() -> Mapping[str, Any]:
    """Return what the provider says of itself, asked for once in ten minutes."""
    return _fetched(settings.current().oidc_issuer.rstrip("/") + DISCOVERY, int(time.monotonic() // KEPT_S))


def _keys(url: str) -> Any:
    """Return the provider's keys. They are asked for each time: a key that the provider has withdrawn opens nothing."""
    from joserfc.jwk import KeySet

    return KeySet.import_key_set(dict(_get(url)))  # type: ignore[arg-type]


@cache
def _fetched(url: str, _period: int) -> Mapping[str, Any]:
    found = _get(url)
    if str(found.get("issuer")).rstrip("/") != settings.current().oidc_issuer.rstrip("/"):
        raise Failed("the provider says that it is another one: check COUNTERFOIL_OIDC_ISSUER")
    return found


def _address(metadata: Mapping[str, Any], name: str) -> str:
    """Return an address of the provider's, encrypted where its issuer is: a secret and a code go there."""
    url = metadata.get(name)
    scheme = settings.current().oidc_issuer.partition("://")[0].lower()
    if not isinstance(url, str) or not url.lower().startswith(("https://", f"{scheme}://")) or not url.isprintable():
        raise Failed(f"the provider gives no {name} that begins with {scheme}://")
    return url


def _get(url: str) -> Mapping[str, Any]:
    return _said(url, lambda provider: provider.get({"Accept": "application/json"}, TIMEOUT_S))


def _said(url: str, ask: Callable[[Provider], Answer]) -> Mapping[str, Any]:
    """Return the object that the provider answers: within its time and bounds, from where it was asked."""
    try:
        with Provider(url) as provider:
            answer = ask(provider)
        said = orjson.loads(answer.body)
    except (Unsent, Refused, ValueError) as error:
        raise Failed(f"the provider does not answer: {type(error).__name__}") from error
    if answer.status != 200 or not isinstance(said, dict):
        raise Failed(f"the provider answered {answer.status}, and not what was asked for")
    return said


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")
