"""A thousand cells, each today's whole stack, on the last day of a month: how evenly they are loaded, and what waits.

`python -m bench.cells` simulates it from what was measured (docs/performance.md, `make many-hosts`) and from
assumptions about customers. It prints a table and draws docs/scaling-cells.svg.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.plot import lines

PLOT = Path(__file__).parents[1] / "docs" / "scaling-cells.svg"
SEED, CELLS = 21, 1000
STEP_S, STEPS_AN_HOUR, STEPS_A_DAY = 120, 30, 720

# Measured: invoices a second from intake in bulk to COMPLETED, of the slowest run, the fastest, and the median.
SLOWEST, FASTEST, MEDIAN = 5038, 5499, 5457
# Measured over bad lines: how many seconds after a promotion a caller is accepted again.
PROMOTION_S = (2.0, 15.0)
# Measured: at this share of its capacity 99 of 100 single requests are numbered within a third of a second.
STILL_QUICK = 0.7

# Assumed: the largest fifth of the organizations has three quarters of the work, and none has more than a quarter of a
# cell's; office hours; the day's work is three times that of others; a primary fails once in 100 days.
ORGANIZATIONS, TAIL, LARGEST = 200_000, 1.16, 0.25
HOURS = (1, 1, 1, 1, 1, 2, 4, 8, 12, 14, 14, 12, 10, 12, 14, 14, 12, 9, 6, 4, 3, 2, 2, 1)
LAST_DAY, FAILURES_A_DAY = 3.0, 0.01
# In the busiest hour of an ordinary day all cells together do this share of what they could.
ORDINARY = 0.15

Placement = Callable[[Sequence[float], random.Random], list[float]]


@dataclass
class Day:
    """What came of it; for each cell its busiest time as a share of its capacity, and its longest wait."""

    peaks: list[float] = field(default_factory=list)
    waits_s: list[float] = field(default_factory=list)
    accepted: float = 0.0
    refused: float = 0.0
    done: float = 0.0
    waiting: float = 0.0


def sizes(rng: random.Random) -> list[float]:
    """Return the work of each organization, all of it together being the number of cells."""
    drawn = [rng.paretovariate(TAIL) for _ in range(ORGANIZATIONS)]
    unit = CELLS / sum(drawn)
    kept = [min(one * unit, LARGEST) for one in drawn]
    total = sum(kept)
    return [one * CELLS / total for one in kept]


def by_hash(work: Sequence[float], rng: random.Random) -> list[float]:
    """Return the work of each cell if an organization's key alone says where it is."""
    cells = [0.0] * CELLS
    for one in work:
        cells[rng.randrange(CELLS)] += one
    return cells


def by_directory(work: Sequence[float], rng: random.Random) -> list[float]:
    """Return it if a newcomer, of unknown size, gets the lighter of two cells and a directory remembers which."""
    cells = [0.0] * CELLS
    for one in work:
        cells[min(rng.sample(range(CELLS), 2), key=cells.__getitem__)] += one
    return cells


def by_moving(work: Sequence[float], rng: random.Random) -> list[float]:
    """Return it if afterwards the fullest cells also hand their largest organizations to the emptiest."""
    return by_directory(sorted(work, reverse=True), rng)


PLACEMENTS: dict[str, Placement] = {
    "key's hash": by_hash,
    "directory": by_directory,
    "directory and moves": by_moving,
}


def lived(cells: Sequence[float], times: float, rng: random.Random) -> Day:
    """Return a day with `times` the work of an ordinary one."""
    day, average = Day(), sum(cells) / len(cells)
    for work in cells:
        busiest = STEP_S * MEDIAN * ORDINARY * times * work / average
        _live(day, busiest, STEP_S * rng.triangular(SLOWEST, FASTEST, MEDIAN), rng)
    return day


def _live(day: Day, busiest: float, capacity: float, rng: random.Random) -> None:
    fails_at = rng.randrange(STEPS_A_DAY) if rng.random() < FAILURES_A_DAY else None
    waiting = longest = peak = 0.0
    for step in range(STEPS_A_DAY):
        mean = busiest * _weight(step)
        asked = max(0.0, rng.gauss(mean, mean**0.5))
        away = rng.uniform(*PROMOTION_S) / STEP_S if step == fails_at else 0.0
        refused, accepted = asked * away, asked * (1 - away)
        done = min(waiting + accepted, capacity * (1 - away))
        waiting += accepted - done
        longest, peak = max(longest, waiting), max(peak, asked)
        day.accepted, day.refused, day.done = day.accepted + accepted, day.refused + refused, day.done + done
    day.waiting += waiting
    day.peaks.append(peak / capacity)
    day.waits_s.append(longest / capacity * STEP_S)


def _weight(step: int) -> float:
    """Return a time's share of the busiest hour's work; the hours run into one another."""
    hour, into = divmod(step, STEPS_AN_HOUR)
    now, then = HOURS[hour], HOURS[(hour + 1) % len(HOURS)]
    return (now + (then - now) * into / STEPS_AN_HOUR) / max(HOURS)


def row(name: str, day: Day) -> str:
    peaks = sorted(day.peaks)
    median, most = (f"{100 * peaks[int(share * (CELLS - 1))]:.0f} %" for share in (0.5, 0.99))
    slow, full = (sum(peak > limit for peak in peaks) for limit in (STILL_QUICK, 1))
    refused = 1e6 * day.refused / (day.accepted + day.refused)
    cells = (median, most, f"{100 * peaks[-1]:.0f} %", slow, full, f"{max(day.waits_s) / 60:.0f} min", f"{refused:.2f}")
    return f"| {name} | " + " | ".join(map(str, cells)) + " |"


def main() -> None:
    rng = random.Random(SEED)
    work = sizes(rng)
    drawn = {}
    for name, placed in PLACEMENTS.items():
        day = lived(placed(work, rng), LAST_DAY, rng)
        print(row(name, day), flush=True)
        drawn[name] = [100 * peak for peak in sorted(day.peaks)]
    shares = [100 * number / (CELLS - 1) for number in range(CELLS)]
    PLOT.write_text(lines("cells, % of them, the emptiest first", "busiest time, % of capacity", shares, drawn))


if __name__ == "__main__":
    main()
