"""What others say to us, shown without what lets us in: a server may repeat what it was sent, as it was sent."""

import base64
import math
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

HIDDEN = "[hidden]"
# A shorter one stands by chance in what is base64.
SHORTEST_ENCODED = 5


def without(said: str, secrets: Iterable[str]) -> str:
    """Return what was said with each secret hidden: as it is, quoted, escaped, or within base64."""
    forms = {form for secret in secrets if secret for form in _forms(secret)}
    for form in sorted(forms, key=len, reverse=True):
        said = said.replace(form, HIDDEN)
    return said


def _forms(secret: str) -> Iterator[str]:
    data = secret.encode()
    yield secret
    yield secret.replace("\\", "\\\\").replace('"', '\\"')
    yield repr(data)[2:-1]
    yield quote(secret, safe="")
    yield quote_plus(secret)
    if len(data) >= SHORTEST_ENCODED:
        # Behind other letters it begins at one of three places in a group.
        for before in range(3):
            letters = base64.b64encode(bytes(before) + data + bytes(2)).decode()
            yield letters[math.ceil(before * 4 / 3) : (before + len(data)) * 4 // 3]
