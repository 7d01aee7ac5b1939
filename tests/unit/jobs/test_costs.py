"""How many jobs a run carries: by what its jobs take, and by what it takes itself, told apart by measuring."""

import random
from statistics import median

import pytest

from db.statistics import Recent
from domain.jobs.dispatch.costs import FIRST_GROUP, RUN_SECONDS, SHORT_RUN_SECONDS, Cost, Costs, fit

KIND = "invoice.generate"
GROUP = 500


def sizes_settle_at(run: float, job: float, wanted: float, first: int, lone: float = 0.0) -> float:
    """Return the median size of runs that are measured, noisily, and cut by what was measured."""
    rng = random.Random(7)
    sums, size, sizes = (0.0,) * 5, first, []
    for turn in range(300):
        for _ in range(5):
            jobs = 1 if rng.random() < lone else rng.choice([size] * 6 + [rng.randint(1, size)])
            seconds = (run + job * jobs) * rng.lognormvariate(0, 0.3)
            latest = (1, jobs, seconds, jobs**2, jobs * seconds)
            sums = tuple(0.9 * old + new for old, new in zip(sums, latest, strict=True))
        size = Costs({KIND: fit(Recent(*sums))}).group_size(KIND, wanted)
        if turn >= 100:
            sizes.append(size)
    return median(sizes)


@pytest.mark.parametrize("first", [1, 20, GROUP])
@pytest.mark.parametrize("lone", [0.0, 0.7])
@pytest.mark.parametrize("run", [0.0, 0.005, 0.06, 0.2, 1.0])
def test_runs_are_as_long_as_asked_for_or_half_their_own(run, lone, first):
    """Whatever they began with: once commits are slow, smaller groups would only make more of them."""
    job = 0.005
    ideal = max(SHORT_RUN_SECONDS - run, run) / job
    assert sizes_settle_at(run, job, SHORT_RUN_SECONDS, first, lone) == pytest.approx(ideal, rel=0.4)


@pytest.mark.parametrize("first", [1, 20])
def test_slow_jobs_travel_one_by_one(first):
    assert sizes_settle_at(0.01, 2.0, RUN_SECONDS, first) == 1


def test_a_run_that_is_dear_by_itself_has_jobs_for_as_long():
    costs = Costs({KIND: Cost(1.0, 0.01)})
    assert (costs.least(KIND), costs.group_size(KIND, SHORT_RUN_SECONDS)) == (100, 100)
    assert costs.seconds(KIND, 100) == pytest.approx(2.0)


def test_no_run_is_larger_than_its_kind_allows():
    assert Costs({KIND: Cost(10.0, 1e-6)}).least(KIND) == GROUP
    assert Costs({"other.kind": Cost(10.0, 1e-6)}).least("other.kind") == 1


def test_what_was_never_measured_begins_small():
    assert Costs({}).group_size(KIND, RUN_SECONDS) == FIRST_GROUP


def test_a_job_counts_for_its_share_of_a_usual_run():
    assert Costs({KIND: Cost(0.0, 0.001)}).job(KIND) == pytest.approx(0.001)
    assert Costs({KIND: Cost(0.5, 0.001)}).job(KIND) == pytest.approx(0.002)
