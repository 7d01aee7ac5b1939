from itertools import islice

from tests.chaos.histories.intents import ACTS, PAUSED_KINDS, intents, pauses


def test_a_seed_gives_the_same_wishes_again():
    assert [*islice(intents(7, "Acme-1"), 300)] == [*islice(intents(7, "Acme-1"), 300)]
    assert [*islice(pauses(7), 20)] == [*islice(pauses(7), 20)]


def test_another_seed_and_another_client_want_something_else():
    wishes = [tuple(one.act for one in islice(intents(*who), 30)) for who in ((7, "a"), (8, "a"), (7, "b"))]
    assert len(set(wishes)) == 3


def test_every_act_and_every_pause_comes_up():
    wanted = [*islice(intents(7, "Acme-1"), 1000)]
    assert {one.act for one in wanted} == ACTS.keys()
    assert len({one.tag for one in wanted}) == len(wanted), "what comes of a wish is known by its tag"
    assert {one.kind for one in islice(pauses(7), 100)} == set(PAUSED_KINDS)
