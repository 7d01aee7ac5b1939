"""A figure is measured several times in a run of the benchmark, and its median counts."""

from collections.abc import Callable

RUNS = 3


def several(name: str, run: Callable[[], float]) -> dict[str, float]:
    """Return median, min and max of what `run` measures a second; print them."""
    values = sorted(run() for _ in range(RUNS))
    print(f"{name}: {values[RUNS // 2]:,.0f}/s ({values[0]:,.0f} to {values[-1]:,.0f})", flush=True)
    return {"median": values[RUNS // 2], "min": values[0], "max": values[-1]}
