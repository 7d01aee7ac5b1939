from collections.abc import Mapping

from domain.jobs.registry import kinds

# What a delivery should take: long enough that its overhead does not matter, short enough that others need not wait.
# A kind that was never measured is taken to keep to it.
DELIVERY_SECONDS = 0.15


class Costs(dict[str, float]):
    """Seconds that a job of each kind takes, as measured lately."""

    def __init__(self, measured: Mapping[str, float]) -> None:
        super().__init__(measured)
        self._groups = {kind.name: kind.group for kind in kinds()}

    def __missing__(self, kind: str) -> float:
        return DELIVERY_SECONDS / self._groups.get(kind, 1)

    def group_size(self, kind: str) -> int:
        """Return how many jobs of the kind one delivery should carry."""
        return max(1, min(self._groups.get(kind, 1), round(DELIVERY_SECONDS / max(self[kind], 1e-6))))
