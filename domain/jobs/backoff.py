import random


def delay(base: float, attempts: int) -> float:
    """Return the seconds after `attempts` failures: `base` doubled each time, a day at most, give or take 10 %."""
    spread = random.uniform(0.9, 1.1)  # noqa: S311  without it an outage's retries all come back at once
    return min(base * 2.0 ** min(attempts - 1, 64), 86_400.0) * spread


def pause(lost: bool, outage: bool) -> float:
    """Return the seconds for which a job that was handed back waits, so that nobody goes round in circles.

    If it has `lost` its own connection, they are doubled with each time; in an `outage` of the database they are longer
    than if somebody was merely in the way.
    """
    least, most = (0.5, 1.0) if lost else (1.0, 5.0) if outage else (0.05, 0.5)
    return random.uniform(least, most)  # noqa: S311
