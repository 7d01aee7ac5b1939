import random


def delay(base: float, attempts: int) -> float:
    """Return the seconds after `attempts` failures: `base` doubled each time, a day at most, give or take 10 %."""
    spread = random.uniform(0.9, 1.1)  # noqa: S311  without it an outage's retries all come back at once
    return min(base * 2.0 ** min(attempts - 1, 64), 86_400.0) * spread
