"""Places for printing: all for one that is alone, half while another asks, and the next that is free to a newcomer."""

import threading
from contextlib import ExitStack

import pytest

from domain.pdf.places import Places
from domain.shares import OverShare
from tests.waiting import wait_until

ONE, TWO = 1, 2
LONG = 60


@pytest.fixture
def held():
    with ExitStack() as held:
        yield held


def refusal(places, organization_id, timeout=LONG):
    with pytest.raises(OverShare) as refused, places.place(organization_id, timeout, patient=False):
        pass
    return refused.value


class Asking(threading.Thread):
    """Asks for a place and gives it back; `outcome` says what came of it."""

    def __init__(self, places, organization_id, patient=False):
        super().__init__(daemon=True)
        self.places, self.organization_id, self.patient = places, organization_id, patient
        self.outcome = ""
        self.start()
        wait_until(lambda: self.outcome or places._waiting[organization_id])

    def run(self):
        try:
            with self.places.place(self.organization_id, LONG, self.patient):
                self.outcome = "printed"
        except OverShare as refused:
            self.outcome = "its half" if refused.own else "no place"

    def end(self):
        self.join(20)
        return self.outcome


def test_one_that_is_alone_has_every_place_and_waits_for_more(held):
    places = Places(2)
    for _ in range(2):
        held.enter_context(places.place(ONE, 0, patient=False))
    assert not refusal(places, ONE, timeout=0).own


def test_one_that_is_alone_gets_the_place_that_it_waits_for(held):
    places = Places(1)
    with places.place(ONE, 0, patient=False):
        second = Asking(places, ONE)
    assert second.end() == "printed"


def test_while_another_prints_it_is_half_and_more_is_refused_at_once(held):
    places = Places(4)
    held.enter_context(places.place(TWO, 0, patient=False))
    for _ in range(2):
        held.enter_context(places.place(ONE, 0, patient=False))
    assert refusal(places, ONE).own


def test_a_newcomer_gets_the_next_place_and_those_before_it_are_sent_away_at_once(held):
    places = Places(2)
    held.enter_context(places.place(ONE, 0, patient=False))
    with places.place(ONE, 0, patient=False):
        waiting = Asking(places, ONE)
        newcomer = Asking(places, TWO)
        assert waiting.end() == "its half"
        assert refusal(places, ONE).own
        assert newcomer.outcome == ""
    assert newcomer.end() == "printed"


def test_a_patient_one_waits_for_its_half(held):
    places = Places(2)
    held.enter_context(places.place(TWO, 0, patient=False))
    with places.place(ONE, 0, patient=False):
        archive = Asking(places, ONE, patient=True)
        assert archive.outcome == ""
    assert archive.end() == "printed"


def test_one_that_has_printed_is_forgotten(held):
    places = Places(2)
    with pytest.raises(ZeroDivisionError), places.place(TWO, 0, patient=False):
        1 / 0  # noqa: B018
    for _ in range(2):
        held.enter_context(places.place(ONE, 0, patient=False))
