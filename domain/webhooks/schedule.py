"""When a delivery is tried again, and how long a webhook is left alone that fails."""

import random
from datetime import UTC
from email.utils import parsedate_to_datetime

# After each attempt but the last.
DELAYS_S = (5, 300, 1800, 7200, 18000, 36000, 50400)
MAX_ATTEMPTS = len(DELAYS_S) + 1
JITTER = 0.1
FIRST_PAUSE_S, MAX_PAUSE_S = 5.0, 600.0
MAX_RETRY_AFTER_S = 86400.0


def delay(attempts: int) -> float:
    """Return the seconds until the attempt after so many, of a delivery that may have been owed again since."""
    return _jittered(DELAYS_S[min(attempts, len(DELAYS_S)) - 1])


def pause(failures: int) -> float:
    """Return for how long a webhook is left alone after so many runs in a row in which nothing succeeded."""
    return _jittered(min(FIRST_PAUSE_S * 2.0 ** min(failures - 1, 20), MAX_PAUSE_S))


def after_the_others(seconds: float) -> float:
    """Return when all that waits for a paused webhook is due: once the run that tries it again has seen how it is."""
    return seconds * 1.5 + FIRST_PAUSE_S


def retry_after(value: str | None, now: float) -> float:
    """Return the seconds that a Retry-After header asks for (RFC 9110, 10.2.3), a day at the most, or 0."""
    if not value:
        return 0.0
    if value.strip().isascii() and value.strip().isdigit():
        return min(float(value.strip()[:9]), MAX_RETRY_AFTER_S)
    try:
        at = parsedate_to_datetime(value)
        seconds = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - now
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return min(max(0.0, seconds), MAX_RETRY_AFTER_S)


def _jittered(seconds: float) -> float:
    return seconds * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311
