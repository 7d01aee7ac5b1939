import math

import pytest

from domain.jobs.admission import admission

DAY_S = 86_400.0


@pytest.fixture(autouse=True)
def nothing_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what is done once in a while: each run is to pass the same points in the same order."""
    monkeypatch.setattr("db.engine.PLANS_KEPT_S", math.inf)
    monkeypatch.setattr(admission, "_until", math.inf)
    monkeypatch.setattr("domain.jobs.canaries.PERIOD_S", DAY_S)
