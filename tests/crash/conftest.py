import math

import pytest

from domain.identity.quotas import quotas
from domain.jobs.admission import admission

DAY_S = 86_400.0


@pytest.fixture(autouse=True)
def nothing_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do always or never what is done once in a while: each run is to pass the same points in the same order."""
    monkeypatch.setattr("db.engine.PLANS_KEPT_S", math.inf)
    monkeypatch.setattr(admission, "_until", math.inf)
    monkeypatch.setattr("domain.jobs.canaries.PERIOD_S", DAY_S)
    monkeypatch.setattr("domain.jobs.dispatch.dispatcher.COSTS_KEEP_S", 0.0)
    monkeypatch.setattr(quotas, "_known", {})
    monkeypatch.setattr("domain.identity.quotas.MIN_KEPT_S", 0.0)
    monkeypatch.setattr("domain.identity.quotas.MAX_KEPT_S", 0.0)
