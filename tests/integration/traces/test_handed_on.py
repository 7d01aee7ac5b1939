"""A caller's trace reaches the job, what the job leads to, the log and the answer, with no library for traces."""

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest

from cli import logs
from db import traces
from db.transaction import transaction
from domain.events import sequencing
from domain.events.telling import News, tell
from domain.jobs.execution import run_jobs
from domain.jobs.registry import Kind
from domain.jobs.submission import enqueue
from domain.jobs.work import PermanentError
from domain.webhooks import fan_out
from tests import bodies, chain
from tests.architecture.sources import ROOT
from tests.integration.jobs.test_moves import owe

TRACE, OTHER = "4bf92f3577b34da6a3ce929d0e0e4736", "0af7651916cd43dd8448eb211c80319c"
GIVEN, ANOTHER = f"00-{TRACE}-00f067aa0ba902b7-01", f"00-{OTHER}-b7ad6b7169203331-00"
OF_JOBS = "SELECT kind, traceparent FROM jobs ORDER BY id"
MALFORMED = (
    "", "00", "garbage", TRACE, f"00-{TRACE}-00f067aa0ba902b7", f"00-{TRACE}-00f067aa0ba902b7-1",
    f"00-{TRACE}-00f067aa0ba902b7-001", f"00-{TRACE}-00f067aa0ba902b7-0g", f"00-{TRACE}-00f067aa0ba902b7-01-",
    f"00-{TRACE}-00f067aa0ba902b7-01-more", f"0-{TRACE}-00f067aa0ba902b7-01", f"ff-{TRACE}-00f067aa0ba902b7-01",
    f"FF-{TRACE}-00f067aa0ba902b7-01", f"0X-{TRACE}-00f067aa0ba902b7-01", GIVEN.upper(), GIVEN.replace("-", "_"),
    f"00-{'0' * 32}-00f067aa0ba902b7-01", f"00-{TRACE}-{'0' * 16}-01", f"00-{TRACE[1:]}-00f067aa0ba902b7-01",
    f"00-{TRACE}-0f067aa0ba902b7-01", f"{GIVEN},{ANOTHER}", f"cc-{TRACE}-00f067aa0ba902b7-01,{ANOTHER}", f"{GIVEN} x",
    f"cc-{TRACE}-00f067aa0ba902b7-01more", f"00-{TRACE}-00f067aa0ba902b7-٠١", f"00-{TRACE}-00f067aa0ba902b7--1",
)  # fmt: skip


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    """What the log says, as JSON."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonFormatter("worker"))
    handler.addFilter(logs.of_trace)
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)


def owe_traced(organization_id: int, traceparent: str | None, kind: str = "probe") -> int:
    with traces.within(traceparent):
        return owe(organization_id, kind)


@pytest.mark.parametrize("header", MALFORMED)
def test_a_malformed_header_is_as_good_as_none(header):
    assert traces.read(header) is None


@pytest.mark.parametrize(
    ("header", "read"),
    [
        (GIVEN, GIVEN),
        (ANOTHER, ANOTHER),
        (f"00-{TRACE}-00f067aa0ba902b7-ff", f"00-{TRACE}-00f067aa0ba902b7-03"),
        (f"cc-{TRACE}-00f067aa0ba902b7-01", GIVEN),
        (f"cc-{TRACE}-00f067aa0ba902b7-01-what the future holds", GIVEN),
    ],
)
def test_a_header_of_any_version_is_read_as_far_as_it_is_known(header, read):
    assert traces.read(header) == read


def test_a_request_hands_its_trace_to_its_job_and_says_so(client, organization):
    asked = bodies.invoice(organization.supplier_id)
    answer = client.post(chain.REQUESTS, asked, headers={"traceparent": GIVEN})
    assert (answer.status_code, answer.headers["traceresponse"]) == (201, GIVEN)
    assert client.post(chain.REQUESTS, asked, headers={"traceparent": "00-garbage"}).status_code == 201
    plain = client.post(chain.REQUESTS, asked)
    assert "traceresponse" not in plain.headers
    assert chain.rows(OF_JOBS) == [("invoice.generate", GIVEN), ("invoice.generate", None), ("invoice.generate", None)]
    told = client.get(f"/api/v1/jobs/{answer.json['requestId']}/explain").json
    assert told["traceId"] == TRACE
    assert client.get(f"/api/v1/jobs/{plain.json['requestId']}/explain").json["traceId"] is None


def test_a_refusal_names_the_trace_as_well(client):
    answer = client.post(chain.REQUESTS, {}, headers={"traceparent": GIVEN})
    assert (answer.status_code, answer.headers["traceresponse"]) == (400, GIVEN)
    assert traces.current() is None


def test_what_a_job_leads_to_is_of_its_trace(client, organization):
    client.get("/api/v1/events")
    client.post(chain.REQUESTS, bodies.invoice(organization.supplier_id), headers={"traceparent": GIVEN})
    chain.run_waiting("invoice.generate")
    chain.run_waiting("events.sequence")
    found = chain.rows(OF_JOBS)
    assert [kind for kind, _ in found] == ["invoice.generate", "accounting.recreate", "events.sequence"]
    assert {traceparent for _, traceparent in found} == {GIVEN}


def test_an_event_hands_on_the_trace_of_the_job_that_it_is_of_though_others_ran_with_it(client, organization):
    client.get("/api/v1/events")
    asked = bodies.invoice(organization.supplier_id)
    for header in (GIVEN, ANOTHER, None):
        client.post(chain.REQUESTS, asked, headers={"traceparent": header} if header else {})
    chain.run_waiting("invoice.generate")
    with transaction() as session:
        events = sequencing.sequence(session, organization.id, 10).events
    assert [event.traceparent for event in events] == [GIVEN, ANOTHER, None]
    with transaction() as session:
        fan_out.owe(session, organization.id, [fan_out.Addressed(1, e.sequence, e.type, e.traceparent) for e in events])
    delivered = chain.rows("SELECT traceparent FROM jobs WHERE kind = %s ORDER BY id", fan_out.KIND)
    assert delivered == [(GIVEN,), (ANOTHER,), (None,)]


def test_the_database_itself_tells_of_a_failed_job_in_its_trace(client, organization):
    client.get("/api/v1/events")

    def fail(_context, _job):
        raise PermanentError("no such thing")

    run_jobs(Kind("probe", lambda context, jobs: [fail(context, jobs[0])]), [owe_traced(organization.id, GIVEN)])
    assert chain.rows("SELECT type, traceparent FROM pending_events") == [("job.failed", GIVEN)]


def test_a_retry_is_of_the_same_trace(organization):
    seen = []

    def handle(_context, jobs):
        seen.append((jobs[0].attempts, traces.current()))
        if jobs[0].attempts == 1:
            raise RuntimeError("once")
        return [{}]

    job_id = owe_traced(organization.id, GIVEN)
    run_jobs(Kind("probe", handle, backoff=0), [job_id])
    chain.ask("UPDATE jobs SET available_at = clock_timestamp()")
    run_jobs(Kind("probe", handle, backoff=0), [job_id])
    assert seen == [(1, GIVEN), (2, GIVEN)]


def test_each_line_about_a_job_has_its_trace_and_other_lines_have_none(organization, said):
    log = logging.getLogger("probe")
    ids = [owe_traced(organization.id, one) for one in (GIVEN, ANOTHER, None)]

    def handle(_context, jobs):
        log.warning("at %d", len(jobs))
        return [PermanentError("no") for _ in jobs]

    run_jobs(Kind("probe", handle, group=10), ids[1:])
    run_jobs(Kind("probe", handle, group=10), ids[:1])
    lines = [json.loads(line) for line in said.getvalue().splitlines()]
    of_jobs = [(line["job_id"], line.get("trace_id")) for line in lines if "job_id" in line]
    assert of_jobs == [(ids[1], OTHER), (ids[2], None), (ids[0], TRACE)]
    assert [(line["message"], line.get("trace_id")) for line in lines if line["logger"] == "probe"] == [
        ("at 2", None), ("at 1", TRACE),
    ]  # fmt: skip


def test_a_line_as_text_ends_with_the_trace_before_its_traceback():
    program = f"""
from cli import logs
logs.configure("api", "INFO", "text")
import logging
from db import traces
with traces.within({GIVEN!r}):
    try:
        1 / 0
    except ZeroDivisionError:
        logging.exception("it failed")
logging.info("nothing")"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    first, *_, last = done.stderr.splitlines()
    assert first.endswith(f"root: it failed trace_id={TRACE}")
    assert last.endswith("root: nothing")


def test_a_job_in_its_own_transaction_of_another_application_is_of_the_current_trace(organization):
    with traces.within(GIVEN), transaction() as session:
        enqueue(session, organization.id, "invoice.generate", [("", {})])
        tell(session, organization.id, [News("job.completed", {})])
    assert chain.rows(OF_JOBS) == [("invoice.generate", GIVEN)]
