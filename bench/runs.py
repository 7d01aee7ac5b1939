"""A figure is measured several times in a run of the benchmark, and its median counts."""

from collections.abc import Callable, Sequence

RUNS = 3


def several(name: str, run: Callable[[], float]) -> dict[str, float]:
    """Return median, min and max of what `run` measures a second; print them."""
    figure = summary([run() for _ in range(RUNS)])
    print(f"{name}: {figure['median']:,.0f}/s ({figure['min']:,.0f} to {figure['max']:,.0f})", flush=True)
    return figure


def summary(values: Sequence[float]) -> dict[str, float]:
    return {"median": sorted(values)[len(values) // 2], "min": min(values), "max": max(values)}
