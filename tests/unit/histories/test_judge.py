"""The judge lets a clean history pass and finds each fault that is planted in it."""

import ast

import pytest

from tests.architecture.sources import FIRST_PARTY, calls, everything, imports
from tests.chaos.histories.judge import judge
from tests.unit.histories import faults_of_goods, faults_of_requests  # noqa: F401
from tests.unit.histories.handmade import Draft, balance, entry, invoice, invoice_body, moment
from tests.unit.histories.planting import PLANTED

JUDGE = "tests/chaos/histories/judge/"
MAY_IMPORT = ("tests.chaos.histories.judge", "tests.chaos.histories.record")


@pytest.mark.parametrize(("name", "plant"), PLANTED, ids=[plant.__name__ for _, plant in PLANTED])
def test_a_planted_fault_is_found(name, plant):
    draft = Draft()
    plant(draft)
    assert name in {fault.name for fault in judge(draft.history())}


def test_a_clean_history_passes():
    assert judge(Draft().history()) == []


def test_an_unknown_outcome_may_be_either():
    draft = Draft()
    draft.shown["invoices"].append(invoice(5, "g"))
    draft.shown["entries"].append(entry("invoice", 105, "24"))
    draft.shown["numberings"][1].update(count=5, last=5)
    draft.shown["trial_balance"] = balance("222")
    assert judge(draft.history()) == []


def test_a_key_whose_first_request_came_to_nothing_is_good_for_another():
    draft = Draft()
    draft.ask("i, cut", 25, "issue", "/i", None, body=invoice_body("i"), key="i")
    draft.ask("i, another", 26, "issue", "/i", 400, {}, body=invoice_body("i~"), key="i")
    draft.ask("i, cut again", 27, "issue", "/i", None, body=invoice_body("i"), key="i")
    assert judge(draft.history()) == []


def test_a_cancelled_request_that_was_retried_may_run():
    draft = Draft()
    draft.ask("retry c", 44, "retry", "/api/v1/jobs/3/retry", None)
    draft.row("invoices", notes="f")["notes"] = "c"
    named = {"invoiceId": 104, "invoiceNumber": "INV-000004"}
    draft.row("jobs", id=3).update(status="completed", result=named, completedAt=moment(45))
    assert judge(draft.history()) == []


@pytest.mark.parametrize("changes", [{"startedAt": moment(52)}, {"startedAt": moment(71)}])
def test_what_was_claimed_before_a_pause_is_finished(changes):
    draft = Draft()
    draft.row("jobs", id=6).update(changes)
    assert judge(draft.history()) == []


def test_every_fault_is_planted_here():
    sources = [source for source in everything() if source.path.startswith(JUDGE)]
    names = {ast.literal_eval(node.args[0]) for s in sources for name, node in calls(s) if name == "Fault"}
    assert names == {name for name, _ in PLANTED}


def test_the_judge_knows_nothing_of_the_product():
    sources = [source for source in everything() if source.path.startswith(JUDGE)]
    record = next(source for source in everything() if source.path == "tests/chaos/histories/record.py")
    assert len(sources) > 1, "the judge has moved"
    for name in (name for source in [*sources, record] for name in imports(source)):
        assert name.split(".")[0] not in FIRST_PARTY or name.startswith(MAY_IMPORT), name
