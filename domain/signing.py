"""The installation's own signature: Ed25519 (RFC 8032), by a key that the operator keeps outside the database."""

import base64

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

import settings
from domain.errors import Conflict

LACKING = "this installation signs nothing yet: its operator makes a key by `counterfoil keys signing`"


def new_key() -> str:
    """Return a new private key, as the setting has it: base64 of 32 bytes."""
    return base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()


def public_key() -> str:
    """Return the public key of this installation, base64 of 32 bytes; raise Conflict if it has none."""
    return base64.b64encode(_private_key().public_key().public_bytes_raw()).decode()


def sign(digest: bytes) -> str:
    """Return the signature of `digest` in base64; raise Conflict if the installation has no key."""
    return base64.b64encode(_private_key().sign(digest)).decode()


def is_signed(digest: bytes, signature: str, key: str) -> bool:
    """Return whether `signature` of `digest` is that of the private key that belongs to the public `key`."""
    try:
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key, validate=True))
        public.verify(base64.b64decode(signature, validate=True), digest)
    except (InvalidSignature, ValueError):
        return False
    return True


def _private_key() -> Ed25519PrivateKey:
    text = settings.current().signing_key
    if not text:
        raise Conflict(LACKING)
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(text))
