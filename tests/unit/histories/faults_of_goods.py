"""What can go wrong with sales, purchases, the stock, the journal and pauses."""

from tests.unit.histories.handmade import balance, entry, goods_body, level, moment, movement
from tests.unit.histories.planting import plants


@plants("a document has not ended")
def a_sale_that_is_undoing_for_ever(draft):
    draft.row("sales", id=2)["status"] = "undoing"


@plants("a document and its job disagree")
def a_completed_job_of_a_pending_sale(draft):
    draft.row("jobs", id=6)["status"] = "completed"


@plants("a document was told done and is not")
def a_sale_told_and_taken_back(draft):
    draft.row("sales", id=1)["status"] = "pending"


@plants("a refused document is done")
def a_sale_refused_and_done(draft):
    draft.row("sales", id=3)["status"] = "completed"


@plants("a document is half done, or a line moved twice")
def a_half_done_sale(draft):
    draft.remove("movements", documentType="sale", documentId=1)


@plants("a document is half done, or a line moved twice")
def a_sale_that_moved_twice(draft):
    draft.shown["movements"].append(movement("sale", 1, -3))


@plants("a document is half done, or a line moved twice")
def a_cancelled_sale_not_put_back(draft):
    draft.remove("movements", round=2)


@plants("goods moved that nobody asked for")
def a_movement_without_a_document(draft):
    draft.shown["movements"].append(movement("sale", 9, -1))


@plants("a document was made that nobody asked for")
def a_sale_out_of_nowhere(draft):
    draft.shown["sales"].append({"id": 4, "notes": "nobody's", "status": "pending", "jobId": None})


@plants("a request has two documents")
def a_sale_made_twice(draft):
    draft.shown["sales"].append({"id": 4, "notes": "s", "status": "pending", "jobId": None})


@plants("an accepted document is lost")
def a_sale_lost(draft):
    draft.remove("sales", id=2)


@plants("a refused request has a document")
def a_refused_sale_made(draft):
    draft.shown["sales"].append({"id": 4, "notes": "t", "status": "pending", "jobId": None})


@plants("stock is below zero")
def less_than_nothing_in_the_end(draft):
    draft.shown["stock"] = [level(-1)]


@plants("stock is below zero")
def more_promised_than_there_was(draft):
    draft.told("stock", answer=[level(7, reserved=8)])


@plants("stock is not what came in less what was sold")
def a_sale_that_took_nothing(draft):
    draft.shown["stock"] = [level(10)]


@plants("stock is kept for nobody")
def a_reservation_left_behind(draft):
    draft.shown["stock"] = [level(7, reserved=2)]


@plants("stock was seen that never was")
def a_completed_sale_still_on_the_shelf(draft):
    draft.told("stock", answer=[level(8)])


@plants("stock was seen that never was")
def more_gone_than_anybody_asked_for(draft):
    draft.told("stock", answer=[level(3)])


@plants("a sale was refused though there was enough")
def a_sale_refused_in_vain(draft):
    draft.told("too much", body=goods_body("t", 4))


@plants("the journal does not balance")
def a_moment_out_of_balance(draft):
    draft.told("balance", answer=balance("24", off=1))


@plants("the journal does not balance")
def an_entry_out_of_balance(draft):
    draft.row("entries", documentType="sale")["lines"].pop()


@plants("the journal does not balance")
def sums_of_other_entries(draft):
    draft.shown["trial_balance"] = balance("199")


@plants("a document and the journal disagree")
def an_invoice_not_entered(draft):
    draft.remove("entries", documentId=102)


@plants("a document and the journal disagree")
def an_invoice_entered_twice(draft):
    draft.shown["entries"].append(entry("invoice", 102, "24"))


@plants("a document and the journal disagree")
def an_undone_sale_in_the_books(draft):
    draft.shown["entries"].append(entry("sale", 2, "48"))


@plants("a document and the journal disagree")
def another_amount_in_the_books(draft):
    draft.remove("entries", documentId=102)
    draft.shown["entries"].append(entry("invoice", 102, "23"))


@plants("a paused kind made progress")
def a_job_begun_in_the_pause(draft):
    draft.row("jobs", id=6).update(startedAt=moment(60))


@plants("a paused kind made progress")
def a_job_completed_late_in_the_pause(draft):
    draft.row("jobs", id=5).update(completedAt=moment(65))
