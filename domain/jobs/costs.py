from collections.abc import Mapping

from domain.jobs.registry import kinds

# What a delivery should take: long enough that its overhead does not matter, or so short that nobody need wait for it.
DELIVERY_SECONDS, SHORT_DELIVERY_SECONDS = 0.15, 0.05
# A kind that was never measured begins with so many at once: it may be slow.
FIRST_GROUP = 20


class Costs(dict[str, float]):
    """Seconds that a job of each kind takes, as measured lately."""

    def __init__(self, measured: Mapping[str, float]) -> None:
        super().__init__(measured)
        self._groups = {kind.name: kind.group for kind in kinds()}

    def __missing__(self, kind: str) -> float:
        return DELIVERY_SECONDS / min(self._groups.get(kind, 1), FIRST_GROUP)

    def group_size(self, kind: str, seconds: float) -> int:
        """Return how many jobs of the kind a delivery of about `seconds` carries."""
        return max(1, min(self._groups.get(kind, 1), round(seconds / max(self[kind], 1e-6))))
