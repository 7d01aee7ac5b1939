"""With a collector, the parts tell of a request in one trace, from the answer to the invoice; nothing private."""

import subprocess
import sys

import pytest
import requests

from settings import child_environment
from tests.architecture.sources import ROOT
from tests.integration.local.running_stack import RunningStack
from tests.integration.traces.collector import collector, hanging_collector, refuses, talks_nonsense
from tests.integration.traces.test_handed_on import GIVEN, TRACE
from tests.waiting import wait_until

SECRET = "Zyzzyva"
REQUESTS = "/api/v1/invoice-requests"
# Nothing is sent before the parts end, unless a queue is full.
AT_THE_END = {"OTEL_BSP_SCHEDULE_DELAY": "600000", "OTEL_BSP_MAX_QUEUE_SIZE": "20000"}
# Whoever waits for the collector waits longer than a test may.
PATIENT = {"OTEL_EXPORTER_OTLP_TIMEOUT": "300"}
MAKES_SPANS = """
import time
from cli import traces as recording
from db import traces
recording.tell_what_is_lacking()
recording.record("probe")
for _ in range(5000):
    with traces.span("probe"):
        pass
began = time.monotonic()
recording.end()
print("ended" if time.monotonic() - began < 15 else "late")  # the SDK alone would wait for 30 s
"""


def test_one_trace_leads_from_the_request_to_the_invoice_and_tells_nothing_private(tmp_path):
    with collector() as told:
        with RunningStack(tmp_path / "data", OTEL_EXPORTER_OTLP_ENDPOINT=told.url, **AT_THE_END) as stack:
            job_id = issue(stack)
            offend(stack)
            wait_until(lambda: accounted(stack), 60, "no job followed")
        secrets = [SECRET, stack.facts["apiKey"], stack.facts["password"]]
    spans = {one.name: one for one in told.spans() if one.trace_id == TRACE}
    request, sent, processed = (spans[name] for name in (f"POST {REQUESTS}", "send invoice.generate", PROCESS))
    assert request.parent_id == GIVEN[36:52]
    assert (sent.parent_id, processed.parent_id) == (request.span_id, request.span_id)
    within = {one.name for one in told.spans() if one.parent_id == processed.span_id}
    assert within >= {"issue_invoices", "complete", "commit", "process accounting.recreate"}
    assert [(one.service, one.kind) for one in (request, sent, processed)] == [
        ("counterfoil-api", "server"), ("counterfoil-relay", "producer"), ("counterfoil-worker", "consumer"),
    ]  # fmt: skip
    assert processed.noted["counterfoil.job.id"] == job_id
    assert "SELECT jobs" in {one.name for one in told.spans()}
    refused = [one for one in told.spans() if one.noted.get("http.response.status_code") in (400, 404)]
    assert {one.name for one in refused} >= {"GET /api/v1/jobs", "GET /api/v1/invoices/<invoice_number:number>", "GET"}
    assert [secret for secret in secrets if secret.encode() in b"".join(told.bodies)] == []


PROCESS = "process invoice.generate"


def issue(stack: RunningStack) -> int:
    """Ask for an invoice in the trace of the test, and return its job once that is done."""
    client = {"name": SECRET, "addressLine1": SECRET, "city": SECRET, "country": "GB"}
    items = [{"description": SECRET, "quantity": "1", "unitPrice": "10"}]
    body = {"supplierId": stack.facts["supplierId"], "client": client, "items": items}
    answer = ask(stack, "POST", REQUESTS, json=body)
    assert answer.status_code == 201, answer.text
    job_id = answer.json()["requestId"]
    wait_until(lambda: ask(stack, "GET", f"{REQUESTS}/{job_id}").json()["status"] == "COMPLETED", 60)
    return job_id


def offend(stack: RunningStack) -> None:
    """Ask for what is refused, with the secret wherever one can put it."""
    for path in (f"/api/v1/jobs?status={SECRET}", f"/api/v1/invoices/{SECRET}", f"/{SECRET}", f"/console/{SECRET}"):
        assert ask(stack, "GET", path).status_code in (302, 400, 404)


def accounted(stack: RunningStack) -> bool:
    jobs = ask(stack, "GET", "/api/v1/jobs?type=accounting.recreate").json()
    return [job["status"] for job in jobs] == ["completed"]


def ask(stack: RunningStack, method: str, path: str, **options) -> requests.Response:
    headers = {"Authorization": f"Bearer {stack.facts['apiKey']}", "traceparent": GIVEN, "User-Agent": SECRET}
    address = f"{stack.facts['url']}{path}"
    return requests.request(method, address, headers=headers, timeout=30, allow_redirects=False, **options)


@pytest.mark.chaos
def test_with_a_collector_that_hangs_the_parts_work_and_end_as_ever(tmp_path):
    with hanging_collector() as told:
        hanging = {"OTEL_EXPORTER_OTLP_ENDPOINT": told.url, "OTEL_BSP_SCHEDULE_DELAY": "50"} | PATIENT
        with RunningStack(tmp_path / "data", **hanging) as stack:
            assert stack.issue_one()
            wait_until(lambda: len(told.bodies) >= 3, 30, "the parts did not try")
            assert stack.issue_one()
        assert stack.process.returncode == 0


def make_spans(**environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", MAKES_SPANS]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=100, cwd=ROOT, env=child_environment() | environment
    )


@pytest.mark.parametrize("open_collector", [
    hanging_collector, lambda: collector(talks_nonsense), lambda: collector(refuses),
], ids=["hangs", "talks nonsense", "refuses"])  # fmt: skip
def test_nobody_waits_for_a_collector(open_collector):
    with open_collector() as told:
        done = make_spans(OTEL_EXPORTER_OTLP_ENDPOINT=told.url, **PATIENT)
    assert (done.returncode, done.stdout) == (0, "ended\n"), done.stderr
    assert told.bodies


def test_nobody_waits_where_nobody_listens():
    done = make_spans(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9", **PATIENT)
    assert (done.returncode, done.stdout) == (0, "ended\n"), done.stderr


@pytest.mark.parametrize(
    ("environment", "word"),
    [
        ({"OTEL_SDK_DISABLED": "true"}, ""),
        ({"OTEL_TRACES_EXPORTER": "none"}, ""),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "spans are sent as http/protobuf"),
        ({"OTEL_BSP_MAX_QUEUE_SIZE": "-1"}, "no spans are recorded"),
        ({"OTEL_TRACES_SAMPLER": "always_off"}, ""),
        ({"OTEL_SERVICE_NAME": "billing"}, ""),
    ],
)
def test_the_standard_variables_decide(environment, word):
    with collector() as told:
        done = make_spans(OTEL_EXPORTER_OTLP_ENDPOINT=told.url, **environment)
    assert (done.returncode, done.stdout) == (0, "ended\n"), done.stderr
    assert word in done.stderr
    services = {one.service for one in told.spans()}
    recorded = {"OTEL_EXPORTER_OTLP_PROTOCOL": "counterfoil-probe", "OTEL_SERVICE_NAME": "billing"}
    assert services == {recorded[name] for name in environment if name in recorded}


def test_without_the_extra_the_log_says_what_is_lacking():
    program = f"import sys\nsys.modules['opentelemetry.sdk'] = None\n{MAKES_SPANS}"
    environment = child_environment() | {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, env=environment)
    assert done.stdout == "ended\n"
    assert "OTEL_EXPORTER_OTLP_ENDPOINT is set, but no spans are recorded: pip install" in done.stderr


@pytest.mark.parametrize(
    ("part", "loads", "never"),
    [
        ("api", "serving.wsgi(settings.current())", "opentelemetry"),
        # The broker's own client loads an API of metrics if it finds one.
        ("worker", "import tasks.app, tasks.relay_loop", ("opentelemetry.sdk.trace", "opentelemetry.exporter")),
    ],
)
def test_no_recorder_is_loaded_while_no_collector_is_named(part, loads, never):
    program = f"""
import sys
from cli import parts, serving, traces
import settings
{loads}
traces.tell_what_is_lacking(); traces.record({part!r}); traces.end()
print(*[name for name in sys.modules if name.startswith({never!r})])"""
    environment = {"BROKER_URL": "redis://127.0.0.1:1/0", "OTEL_SERVICE_NAME": "billing"}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT, env=environment
    )
    assert done.stdout.strip() == ""
