"""Each state of a request is reached by a kill, and a restart ends as the table says."""

from domain.jobs.lifecycle import Status
from tests import chain
from tests.crash.parts import INTAKE, OF_CLIENT, WORKER
from tests.scenarios import invoices
from tests.stage import Stage

ROW = f"SELECT status, attempts FROM jobs WHERE {OF_CLIENT}"
INVOICES = "SELECT count(*) FROM invoices WHERE client ->> 'name' = %s"


def state(stage: Stage) -> tuple[str, int, int]:
    """Return the request's status, its attempts and how many invoices its client has."""
    return (*chain.rows(ROW, stage.name)[0], chain.value(INVOICES, stage.name))


def restart(stage: Stage) -> None:
    chain.recover()
    assert state(stage)[0] == Status.COMPLETED
    assert state(stage)[2] == 1
    stage.check()


def last(passed: list[str], name: str) -> int:
    return len(passed) - 1 - passed[::-1].index(name)


def test_after_the_insert_and_before_a_worker_picks_it_up(stage):
    at = last(INTAKE.points(stage), "after commit")
    INTAKE.killed_at(at, stage)
    assert state(stage) == (Status.PENDING, 0, 0)
    restart(stage)


def test_after_the_row_is_processing_and_in_the_middle_of_the_generation(stage):
    at = WORKER.points(stage).index("after issue_invoices")
    WORKER.killed_at(at, stage)
    assert state(stage) == (Status.PROCESSING, 1, 0), "the invoice is rolled back, the attempt is counted"
    restart(stage)
    assert state(stage)[1] == 2


def test_after_the_invoice_and_before_the_row_is_completed_there_is_no_such_moment(stage):
    invoices.no_crash_falls_between_the_invoice_and_the_completed_row(stage)


def test_an_invoice_whose_row_is_stuck_at_processing_is_linked_and_not_doubled(stage):
    invoices.an_invoice_beside_a_processing_row_is_adopted_and_not_issued_again(stage)


def test_after_the_row_is_completed(stage):
    at = last(WORKER.points(stage), "after commit")
    WORKER.killed_at(at, stage)
    assert state(stage) == (Status.COMPLETED, 1, 1)
    request = chain.get(stage.tenant, f"{chain.REQUESTS}/{stage.accepted[-1].request_id}").json
    assert request["status"] == "COMPLETED"
    invoice = chain.get(stage.tenant, f"{chain.REQUESTS}/{request['requestId']}/invoice").json
    assert invoice["invoiceNumber"] == request["invoiceNumber"]
    restart(stage)


def test_an_answer_cut_after_the_commit_is_given_again_for_the_same_key(stage):
    at = last(INTAKE.points(stage), "after commit")
    INTAKE.killed_at(at, stage)
    [(request_id,)] = chain.rows(f"SELECT id FROM jobs WHERE {OF_CLIENT}", stage.name)
    assert chain.submit(stage.tenant, stage.name, key=stage.name) == request_id
    restart(stage)
