"""When a mail is tried again that the relay has not taken."""

import random

# After each attempt but the last. A greylist wants minutes, and a relay that is repaired hours.
DELAYS_S = (60, 300, 900, 3600, 10_800, 21_600, 43_200)
MAX_ATTEMPTS = len(DELAYS_S) + 1
JITTER = 0.1


def delay(attempts: int) -> float:
    """Return the seconds until the attempt after so many."""
    return DELAYS_S[min(attempts, len(DELAYS_S)) - 1] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311
