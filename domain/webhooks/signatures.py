"""What a webhook is signed with, so that its receiver knows who sent it, when, and that nothing was changed.

Two forms go out: that of Standard Webhooks, over the id, the time and the body, and the older X-Signature-256, over the
body alone, which cannot tell an old message from a new one and so is never enough to `verify`.
"""

import base64
import hmac
import re
import secrets as random
from collections.abc import Mapping, Sequence

from domain.errors import Invalid

PREFIX = "whsec_"
KEY_BYTES, SECRET_BYTES = 24, (24, 64)
ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
BODY_SIGNATURE = "X-Signature-256"
TOLERANCE_S = 300
# 32 bytes, the only length of an HMAC by SHA-256.
V1 = re.compile(r"v1,[A-Za-z0-9+/]{43}=")
SECONDS = re.compile(r"[0-9]{1,15}")


class NotVerified(Exception):
    """The message is not what a holder of the secret has just sent; the error says why, in plain words."""


def new_secret() -> str:
    """Return a new secret, which nobody can guess."""
    return PREFIX + base64.b64encode(random.token_bytes(KEY_BYTES)).decode()


def check_secret(secret: str) -> None:
    """Raise Invalid unless a `secret` that somebody else has chosen is as long as Standard Webhooks wants it."""
    shortest, longest = SECRET_BYTES
    if not shortest <= len(_key(secret)) <= longest and secret.startswith(PREFIX):
        raise Invalid.sentence(f"the secret must be base64 of {shortest} to {longest} bytes after {PREFIX}", "secret")


def headers(secrets: Sequence[str], message_id: str, at: int, body: bytes) -> dict[str, str]:
    """Return the headers that prove a message, sent `at` so many seconds of Unix time, to a holder of any secret.

    The newest secret is the first. Raise Invalid if one cannot be used.
    """
    return {
        ID: message_id,
        TIMESTAMP: str(at),
        SIGNATURE: " ".join(_v1(secret, message_id, str(at), body) for secret in secrets),
        BODY_SIGNATURE: f"sha256={hmac.new(secrets[0].encode(), body, 'sha256').hexdigest()}",
    }


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: float, tolerance: float = TOLERANCE_S) -> None:
    """Raise NotVerified unless a holder of `secret` signed this `body` within `tolerance` seconds of `now`."""
    given = {name.lower(): value.strip() for name, value in headers.items()}
    for name in (ID, TIMESTAMP, SIGNATURE):
        if not given.get(name):
            raise NotVerified(f"the header {name} is missing or empty")
    _check_age(given[TIMESTAMP], now, tolerance)
    signatures = [one for one in given[SIGNATURE].split() if one.partition(",")[0] == "v1"]
    if not signatures:
        raise NotVerified(f"the header {SIGNATURE} has no signature of the version v1 (v1,BASE64)")
    if not any(V1.fullmatch(one) for one in signatures):
        raise NotVerified("the signature is malformed or cut off: after v1, come 44 characters of base64")
    try:
        right = _v1(secret, given[ID], given[TIMESTAMP], body).encode()
    except Invalid as error:
        raise NotVerified(str(error)) from None
    if not any(hmac.compare_digest(right, one.encode(errors="replace")) for one in signatures):
        raise NotVerified("the signature does not match: the secret is another, or the id, time or body was changed")


def _check_age(timestamp: str, now: float, tolerance: float) -> None:
    if not SECONDS.fullmatch(timestamp):
        raise NotVerified(f"the header {TIMESTAMP} is no whole number of seconds")
    age = now - int(timestamp)
    if age > tolerance:
        raise NotVerified(f"the message is too old: signed {age:.0f} s ago, {tolerance:.0f} s are allowed")
    if -age > tolerance:
        raise NotVerified(f"the message is from the future: signed {-age:.0f} s from now; is the clock right?")


def _v1(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    signed = f"{message_id}.{timestamp}.".encode(errors="replace") + body
    return f"v1,{base64.b64encode(hmac.digest(_key(secret), signed, 'sha256')).decode()}"


def _key(secret: str) -> bytes:
    coded = secret.startswith(PREFIX)
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True) if coded else secret.encode()
    except ValueError:
        key = b""
    if not key:
        message = f"the secret cannot be used: after {PREFIX} comes base64, and any other one is text"
        raise Invalid.sentence(message, "secret")
    return key
