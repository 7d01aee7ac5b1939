"""What a payload says to whoever looks at a job: the work, and neither secrets nor what concerns persons."""

import re
from typing import Any

from domain.jobs.registry import registered

HIDDEN = "•••"
SECRET = re.compile(r"(?i:password|passphrase|secret|token|credential|authorization|cookie)|(^|_)key$|[a-z]Key$")
# So many elements of a list are shown.
MAX_SHOWN = 20


def redacted(kind_name: str, payload: Any) -> Any:
    """Return a payload without what looks like a secret by its name, or is `personal` by its kind; long lists cut."""
    kind = registered(kind_name)
    return _shown(payload, frozenset(kind.forgotten if kind else ()))


def _shown(value: Any, personal: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {
            name: HIDDEN if name in personal or SECRET.search(name) else _shown(inner, personal)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        more = [f"… {len(value) - MAX_SHOWN:,} more"] if len(value) > MAX_SHOWN else []
        return [_shown(inner, personal) for inner in value[:MAX_SHOWN]] + more
    return value
