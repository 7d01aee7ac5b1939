"""Bills that automations approve, many at once, beside people who approve others."""

from db.transaction import transaction
from domain.automations.triggering import KIND
from domain.bills import review
from domain.events.telling import KIND as SEQUENCE
from domain.jobs.execution import run_jobs
from domain.jobs.registry import find
from tests import chain
from tests.caller import Caller
from tests.integration.bills import papers
from tests.integration.bills.papers import PATH, received, send
from tests.tenant import Tenant

APPROVE = {"do": "approve_bill", "billId": "{{data.billId}}"}
RUNS = "SELECT status FROM automation_runs ORDER BY id"


def test_whoever_approves_a_bill_holds_up_no_bill_of_another_supplier(client: Caller, organization: Tenant) -> None:
    first = received(client)["id"]
    for event in ("bill.processed", "bill.needs_review"):
        body = {"name": event, "trigger": {"event": event}, "actions": [APPROVE]}
        assert client.post("/api/v1/automations", body).status_code == 201
    same = send(client, papers.pdf(number="2026-0118", date="2026-11-03")).json["billId"]
    other = send(client, papers.pdf(seller="Ink AG", vat_id="ATU13585627", number="7")).json["billId"]
    papers.work()
    chain.run_waiting(SEQUENCE)
    job_ids = [job_id for (job_id,) in chain.rows("SELECT id FROM jobs WHERE kind = %s ORDER BY id", KIND)]
    with transaction() as session:
        review.approve(session, organization.id, first)
        run_jobs(find(KIND), job_ids)
        assert chain.rows(RUNS) == [("pending",), ("succeeded",)]
    chain.time_passes()
    run_jobs(find(KIND), job_ids)
    assert [client.get(f"{PATH}/{one}").json["status"] for one in (first, same, other)] == ["approved"] * 3
    assert chain.rows("SELECT DISTINCT attempts FROM jobs WHERE kind = %s", KIND) == [(1,)]
