"""What can go wrong with requests, their jobs and their invoices."""

from decimal import Decimal

from tests.unit.histories.handmade import copied, invoice, job
from tests.unit.histories.planting import plants


@plants("an answer is an accident")
def an_error_of_the_servers_own(draft):
    draft.told("balance", status=500, answer={})


@plants("a key has two answers")
def a_key_answered_with_another_number(draft):
    draft.told("a, again", answer={"invoiceNumber": "INV-000002"})


@plants("a key has two answers")
def a_key_answered_with_another_job(draft):
    draft.told("s, again", answer={"id": 4, "jobId": 8})


@plants("a key has two answers")
def a_key_that_is_refused_after_its_answer(draft):
    draft.told("a, again", status=400, answer={})


@plants("a key has two answers")
def a_key_that_goes_back_to_accepted(draft):
    draft.told("s", asked=39, told=39.1)


@plants("a key was good for two requests")
def a_key_taken_by_another_body(draft):
    draft.told("a, another", status=200, answer={"invoiceNumber": "INV-000002"})


@plants("a key is refused though nothing else had it")
def a_key_refused_at_its_first_use(draft):
    draft.told("c", status=422, answer={})


@plants("an accepted job is lost")
def a_request_lost(draft):
    draft.remove("jobs", id=2)


@plants("a job has not ended")
def a_request_stuck(draft):
    draft.row("jobs", id=4).update(status="pending")


@plants("a job has not ended")
def a_request_given_up_though_a_retry_would_do(draft):
    draft.row("jobs", id=4).update(status="failed", error="the worker died, or was silent for too long")


@plants("a job has had too many attempts")
def one_attempt_too_many(draft):
    draft.row("jobs", id=4).update(attempts=4)


@plants("a job has changed after its end")
def a_completed_request_with_another_number(draft):
    draft.told("look at b", answer=copied(draft.asked["look at b"].answer, invoiceNumber="INV-000003"))


@plants("a job has changed after its end")
def a_completed_request_that_has_failed(draft):
    draft.row("jobs", id=2).update(status="failed", error="SA-1 is refused, not pending", result=None)


@plants("a job has changed after its end")
def a_cancelled_request_that_ran(draft):
    draft.row("jobs", id=3).update(status="completed")


@plants("another organization's job is shown")
def a_stranger_let_in(draft):
    draft.told("peek", status=200, answer=draft.row("jobs", id=2))


@plants("a job was made that nobody asked for")
def a_job_doubled(draft):
    draft.shown["jobs"].append(job(9, "invoice.generate", "cancelled", 22))


@plants("a wrong request was accepted")
def a_wrong_request_accepted(draft):
    draft.told("wrong", status=201, answer={"requestId": 4})


@plants("a request has two invoices")
def a_request_done_twice(draft):
    draft.shown["invoices"].append(invoice(5, "b"))


@plants("a request has two invoices")
def an_unknown_outcome_that_is_both(draft):
    draft.shown["invoices"].append(invoice(5, "f"))


@plants("a refused request has an invoice")
def a_refused_request_done(draft):
    draft.row("invoices", notes="f")["notes"] = "h"


@plants("a refused request has an invoice")
def the_refused_one_of_a_bulk_done(draft):
    draft.row("invoices", notes="f")["notes"] = "e"


@plants("an invoice was told and is not there")
def a_told_invoice_lost(draft):
    draft.remove("invoices", notes="a")


@plants("an invoice was told and is not there")
def a_told_invoice_with_another_number(draft):
    draft.row("invoices", notes="a")["invoiceNumber"] = "INV-000011"


@plants("an invoice is there without its job's completion, or the other way round")
def a_completed_request_without_invoice(draft):
    draft.remove("invoices", notes="d")


@plants("an invoice is there without its job's completion, or the other way round")
def a_cancelled_request_with_an_effect(draft):
    draft.row("invoices", notes="f")["notes"] = "c"


@plants("a job names another invoice than its own")
def a_job_with_anothers_invoice(draft):
    draft.row("jobs", id=4)["result"] = draft.row("jobs", id=2)["result"]


@plants("an invoice was issued that nobody asked for")
def an_invoice_out_of_nowhere(draft):
    draft.row("invoices", notes="f")["notes"] = "nobody's"


@plants("an invoice is other than asked for")
def an_invoice_with_another_total(draft):
    draft.row("invoices", notes="b")["total"] = Decimal(25)


@plants("an invoice has changed")
def an_invoice_that_was_shown_otherwise(draft):
    draft.told("show a", answer=invoice(1, "a") | {"client": {"name": "Grace"}})


@plants("numbers are not gapless")
def a_gap(draft):
    draft.row("invoices", notes="f").update(invoiceNumberInt=5, invoiceNumber="INV-000005")


@plants("numbers are not gapless")
def a_number_given_twice(draft):
    draft.row("invoices", notes="f").update(invoiceNumberInt=3, invoiceNumber="INV-000003")


@plants("numbers are not gapless")
def another_number_in_print(draft):
    draft.row("invoices", notes="f").update(invoiceNumber="INV-000009")


@plants("the audit finds fault")
def a_broken_chain(draft):
    draft.shown["numberings"][1]["brokenLinks"] = [2]


@plants("the audit finds fault")
def an_audit_that_misses_one(draft):
    draft.shown["numberings"][1]["count"] = 3


@plants("numbers are out of order")
def a_later_request_with_a_lower_number(draft):
    draft.row("invoices", notes="f")["notes"] = "x"
    draft.row("invoices", notes="b")["notes"] = "f"
    draft.row("invoices", notes="x")["notes"] = "b"
    draft.told("look at b", answer=copied(draft.asked["look at b"].answer, invoiceNumber="INV-000004"))


@plants("an invoice has a supplier that is not there")
def a_strange_supplier(draft):
    draft.row("invoices", notes="f")["supplierId"] = 99
