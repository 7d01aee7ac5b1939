"""What concerns persons is in no log, no message, no metric and on no page of jobs, whether a job succeeds or fails."""

import logging
from typing import Any

import pytest

from domain.jobs import execution
from domain.jobs.registry import find
from domain.jobs.verdict import logged
from tests import bodies, chain
from tests.browser import logged_in
from tests.caller import Caller
from tests.integration.personal_data.conftest import CLIENT, CLIENTS, MARK, issue, make
from tests.tenant import Tenant

REQUESTS = "/api/v1/invoice-requests"
JOBS = "/api/v1/jobs"


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """All that is logged of ours and of the libraries."""
    caplog.set_level(logging.DEBUG)
    return caplog


def body(organization: Tenant, **party: Any) -> dict[str, Any]:
    return bodies.invoice(organization.supplier_id, client=CLIENT | party, notes=f"for {MARK}")


def bodies_of_messages() -> list[str]:
    """Run what waits; return the messages that told a worker of it."""
    found = []
    while chain.relay():
        while message := chain.take("default"):
            found.append(f"{message.body} {message.headers} {message.properties}")
            chain.run(message)
    return found


def test_no_log_and_no_message_says_it(
    master_key: str, client: Caller, organization: Tenant, lanes: None, log: pytest.LogCaptureFixture
) -> None:
    made = make(client)
    done = client.post(REQUESTS, body(organization)).json["requestId"]
    refused = client.post(REQUESTS, body(organization, name=f"{MARK} another")).json["requestId"]
    messages = bodies_of_messages()
    assert messages
    assert [client.get(f"{REQUESTS}/{one}").json["status"] for one in (done, refused)] == ["COMPLETED", "FAILED"]
    assert MARK in client.get(f"{REQUESTS}/{refused}").json["errorMessage"], "its caller is told whom it named"
    number = issue(client, organization.supplier_id, client={"id": made})
    client.post(f"/api/v1/invoices/{number}/send", {"message": MARK})
    chain.run_waiting("mail.send")
    client.delete(f"{CLIENTS}/{made}")
    assert f"job {refused} invoice.generate" in log.text
    assert [line for line in [*log.text.splitlines(), *messages] if MARK.lower() in line.lower()] == []


def test_no_page_of_a_job_and_no_metric_says_it(
    master_key: str, client: Caller, operator: Caller, organization: Tenant
) -> None:
    job_id = client.post(REQUESTS, body(organization)).json["requestId"]
    browser = logged_in(organization.id)
    shown = [
        client.get(f"{JOBS}/{job_id}"), client.get(JOBS), client.get(f"{JOBS}/{job_id}/explain"),
        client.get(f"{JOBS}/{job_id}/attempts"), operator.get("/metrics"), browser.get(f"/jobs/{job_id}"),
        browser.get("/jobs"),
    ]  # fmt: skip
    assert [(one.status_code, MARK in one.text) for one in shown] == [(200, False)] * len(shown)


def test_a_claimed_job_written_down_says_which_it_is_and_no_more(
    master_key: str, client: Caller, organization: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = client.post(REQUESTS, body(organization)).json["requestId"]
    run = execution.Run(find("invoice.generate"), [job_id])
    run.claim()
    assert run.jobs[0].payload["client"]["email"] == CLIENT["email"]
    assert MARK not in repr(run.jobs) + repr(run.claimed)


@pytest.mark.parametrize(("said", "told"), [
    ('the request names "A B" (tax id 1, VAT id 2), but client 3 is "C"', "the request names •••, but client 3 is •••"),
    ("ValueError: no number: 'A'", "ValueError: no number: •••"),
    ("the supplier's own template", "the supplier's own template"),
])  # fmt: skip
def test_a_log_quotes_nothing_of_a_job_of_persons(said: str, told: str) -> None:
    assert logged(find("invoice.generate"), said) == told
    assert logged(find("webhook.deliver"), said) == said
