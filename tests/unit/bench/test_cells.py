"""The simulation of many cells loses nothing itself, and says the same each time."""

import random

import pytest

from bench import cells


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(cells, "CELLS", 20)
    monkeypatch.setattr(cells, "ORGANIZATIONS", 4000)
    monkeypatch.setattr(cells, "FAILURES_A_DAY", 0.5)


def test_what_is_accepted_is_done_or_waits_and_a_seed_repeats_the_day():
    crowded = [1.0] * 19 + [5.0]
    day = cells.lived(crowded, cells.LAST_DAY, random.Random(1))
    assert day == cells.lived(crowded, cells.LAST_DAY, random.Random(1))
    assert day.accepted == pytest.approx(day.done + day.waiting)
    assert day.refused > 0
    assert max(day.peaks) > 1
    assert day.waits_s.index(max(day.waits_s)) == 19


@pytest.mark.parametrize("placed", cells.PLACEMENTS.values(), ids=cells.PLACEMENTS)
def test_every_organization_has_a_cell(placed):
    work = cells.sizes(random.Random(2))
    assert sum(placed(work, random.Random(3))) == pytest.approx(sum(work)) == pytest.approx(20)


def test_the_lighter_of_two_cells_is_fuller_than_others_by_less():
    work = cells.sizes(random.Random(2))
    by_hash, by_directory = (max(placed(work, random.Random(3))) for placed in (cells.by_hash, cells.by_directory))
    assert by_directory < by_hash
