"""A provider says who a user is: OpenID Connect 1.0, the authorization code flow with PKCE (RFC 7636), by authlib.

It needs the extra `oidc`. The provider is named by the operator, so it may be anywhere.
"""

import secrets
import time
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import settings
from gateways import require_outside

SCOPE = "openid email profile"
DISCOVERY = "/.well-known/openid-configuration"
TIMEOUT_S, KEPT_S, LEEWAY_S = 10, 600.0, 60
# Those of OpenID Connect that need no secret of ours on the other side; never `none`.
ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]


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
    where = _metadata()["authorization_endpoint"]
    asked = {"prompt": "login", "max_age": 0} if anew else {}
    made, _ = _client(back).create_authorization_url(
        where, state=begun.state, code_verifier=begun.verifier, nonce=begun.nonce, **asked
    )
    return made


def identity(begun: Attempt, back: str, code: str) -> Identity:
    """Return whom the provider has let in, for the code that the browser came back with; raise Failed."""
    require_outside()
    metadata = _metadata()
    try:
        token = _client(back).fetch_token(
            metadata["token_endpoint"], code=code, code_verifier=begun.verifier, timeout=TIMEOUT_S
        )
        claims = _claims(token["id_token"], metadata, begun.nonce)
    except Exception as error:  # of authlib, requests and joserfc, each of a family of its own
        raise Failed(f"the provider did not confirm the login: {type(error).__name__}") from error
    verified = claims.get("email_verified") is True
    asked_at = claims.get("auth_time")
    return Identity(
        claims["iss"],
        claims["sub"],
        claims.get("email", "") if verified else "",
        asked_at if isinstance(asked_at, int | float) else 0,
    )


def _claims(id_token: str, metadata: Mapping[str, Any], nonce: str) -> Mapping[str, Any]:
    """Return what a token says that is the provider's, for us, of now and of this attempt (OpenID Connect, 3.1.3.7)."""
    from joserfc import jwt

    claims = jwt.decode(id_token, _keys(metadata["jwks_uri"]), algorithms=ALGORITHMS).claims
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


def _client(back: str) -> Any:
    from authlib.integrations.requests_client import OAuth2Session

    given = settings.current()
    return OAuth2Session(
        given.oidc_client_id,
        given.oidc_client_secret or None,
        scope=SCOPE,
        redirect_uri=back,
        code_challenge_method="S256",
        default_timeout=TIMEOUT_S,
    )


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
    if found.get("issuer", "").rstrip("/") != settings.current().oidc_issuer.rstrip("/"):
        raise Failed("the provider says that it is another one: check COUNTERFOIL_OIDC_ISSUER")
    return found


def _get(url: str) -> Mapping[str, Any]:
    import requests

    try:
        answer = requests.get(url, timeout=TIMEOUT_S, allow_redirects=False)
        answer.raise_for_status()
        return answer.json()
    except (requests.RequestException, ValueError) as error:
        raise Failed(f"the provider does not answer: {type(error).__name__}") from error
