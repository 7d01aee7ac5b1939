"""What lets somebody in who has it, as a key, a cookie or a link: 256 random bits, of which we keep a hash alone."""

import hashlib
import secrets


def new() -> str:
    """Return a token that nobody can guess."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    """Return the SHA-256 of a token: of so many random bits a slow hash would add nothing."""
    return hashlib.sha256(token.encode()).digest()
