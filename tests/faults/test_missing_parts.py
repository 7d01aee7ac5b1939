"""While a part is missing, a job's explanation names that part and no other."""

from db.transaction import transaction
from domain.jobs import catalogue
from domain.jobs.monitoring.explanation import explain
from tests.checker import Accepted
from tests.faults.load import drain, owe, verify
from tests.waiting import wait_until


def reason(job: Accepted) -> str:
    with transaction() as session:
        return explain(session, catalogue.get(session, job.organization_id, job.request_id)).reason


def test_the_part_that_is_missing_is_named(chain, network, organization):
    accepted = owe(organization, "fault.single", [{}])
    [job] = accepted
    wait_until(lambda: reason(job) == "no_relay", 10, "neither a relay nor a worker runs")
    [worker] = chain.start("worker")
    assert reason(job) == "no_relay"
    worker.stop()
    worker.await_end()
    chain.start("relay")
    wait_until(lambda: reason(job) == "no_worker", 10, "a relay runs, and no worker")
    network.silent = True
    wait_until(lambda: reason(job) == "no_broker", 15, "the relay cannot reach the broker")
    network.silent = False
    chain.start("worker")
    drain(20)
    assert reason(job) == "finished"
    verify(accepted)
