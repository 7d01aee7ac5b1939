"""A group has a span of its own, linked to its jobs' traces, and each of these tells of it."""

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy.exc import DBAPIError

from api.http.server import HEAD_ONLY
from db import traces
from db.queries import run
from db.transaction import transaction
from domain.jobs.execution import run_jobs
from domain.jobs.registry import Kind
from domain.jobs.work import PermanentError
from tests import bodies, chain
from tests.integration.gateways.receivers import answering, serving
from tests.integration.traces.test_handed_on import ANOTHER, GIVEN, OTHER, TRACE, owe_traced
from tests.integration.webhooks.hook import Hook, deliver, number

NAME = "process probe"


def of_trace(exporter: InMemorySpanExporter, name: str) -> dict[str, ReadableSpan]:
    """Return the spans of that name by their traces."""
    spans = [one for one in exporter.get_finished_spans() if one.name == name]
    found = {f"{one.context.trace_id:032x}": one for one in spans}
    assert len(found) == len(spans)
    return found


def traced(links) -> list[str]:
    return sorted(f"{link.context.trace_id:032x}" for link in links)


def complete(_context, jobs):
    return [{} for _ in jobs]


def test_jobs_of_one_trace_are_worked_on_in_it(organization, recorded):
    ids = [owe_traced(organization.id, GIVEN) for _ in range(3)]
    run_jobs(Kind("probe", complete, group=10), ids)
    [(trace, span)] = of_trace(recorded, NAME).items()
    assert (trace, f"{span.parent.span_id:016x}") == (TRACE, GIVEN[36:52])
    assert span.attributes["messaging.batch.message_count"] == 3
    assert span.attributes["messaging.destination.name"] == "default"


def test_a_group_of_several_traces_is_linked_to_each_and_each_to_it(organization, recorded):
    sampled = ANOTHER.removesuffix("00") + "01"
    ids = [owe_traced(organization.id, one) for one in (GIVEN, sampled, None)]
    seen = []

    def handle(_context, jobs):
        seen.append((traces.current(), [traces.of_job(job.id) for job in jobs]))
        return [{}, PermanentError("no"), {}]

    run_jobs(Kind("probe", handle, group=10), ids)
    spans = of_trace(recorded, NAME)
    [group] = spans.keys() - {TRACE, OTHER}
    assert traced(spans[group].links) == sorted([TRACE, OTHER])
    assert traced(spans[TRACE].links) == traced(spans[OTHER].links) == [group]
    assert [spans[one].status.is_ok for one in (TRACE, OTHER)] == [True, False]
    [(current, of_jobs)] = seen
    assert traces.trace_id(current) == group
    assert of_jobs == [GIVEN, sampled, current]


def test_a_job_that_nobody_samples_is_not_recorded_and_hands_its_trace_on(organization, recorded):
    seen = []

    def handle(_context, jobs):
        seen.append(traces.current())
        return complete(_context, jobs)

    run_jobs(Kind("probe", handle, group=10), [owe_traced(organization.id, ANOTHER)])
    assert recorded.get_finished_spans() == ()
    assert [(one[:36], one[-2:]) for one in seen] == [(ANOTHER[:36], "00")]


def test_a_second_attempt_is_recorded_in_the_same_trace(organization, recorded):
    def handle(_context, jobs):
        if jobs[0].attempts == 1:
            raise RuntimeError("Zyzzyva")
        return [{}]

    kind, job_id = Kind("probe", handle, backoff=0), owe_traced(organization.id, GIVEN)
    for _ in range(2):
        chain.ask("UPDATE jobs SET available_at = clock_timestamp()")
        run_jobs(kind, [job_id])
    run_jobs(kind, [job_id])
    spans = [one for one in recorded.get_finished_spans() if one.name == NAME]
    assert [one.attributes["counterfoil.job.attempt"] for one in spans] == [1, 2]
    assert [one.status.is_ok for one in spans] == [False, True]
    assert {f"{one.context.trace_id:032x}" for one in spans} == {TRACE}
    assert not any("Zyzzyva" in one.to_json() for one in recorded.get_finished_spans())


def test_messages_are_sent_in_the_trace_of_their_jobs(organization, lanes, recorded):
    owe_traced(organization.id, GIVEN, "invoice.generate")
    assert chain.relay() == 1
    [(trace, span)] = of_trace(recorded, "send invoice.generate").items()
    assert (trace, span.kind.name) == (TRACE, "PRODUCER")


def test_a_request_without_a_trace_begins_one_and_names_it(client, organization, recorded):
    answer = client.post(chain.REQUESTS, bodies.invoice(organization.supplier_id))
    [(trace, span)] = of_trace(recorded, f"POST {chain.REQUESTS}").items()
    assert answer.headers["traceresponse"] == f"00-{trace}-{span.context.span_id:016x}-03"  # sampled, random
    assert chain.value("SELECT traceparent FROM jobs") == answer.headers["traceresponse"]
    assert {one.name for one in recorded.get_finished_spans()} >= {"find_keys", "enqueue"}


def test_a_delivery_is_of_the_trace_of_its_event_and_the_receiver_is_not_told(
    receivers_on_loopback, client, organization, recorded
):
    with serving(answering()) as receiver:
        Hook.create(client, receiver.url(), "invoice.*")
        client.post(chain.GENERATE, bodies.invoice(organization.supplier_id), headers={"traceparent": GIVEN})
        deliver()
    [request] = receiver.requests
    assert TRACE.encode() not in request
    assert b"traceparent" not in request.lower()
    [(trace, span)] = of_trace(recorded, "POST").items()
    assert (trace, span.attributes["http.response.status_code"]) == (TRACE, 200)
    outside = of_trace(recorded, "outside webhook.deliver")[TRACE]
    assert span.parent.span_id == outside.context.span_id
    assert receiver.url() not in "".join(one.to_json() for one in recorded.get_finished_spans())


def test_deliveries_that_are_owed_together_are_of_the_traces_of_their_events(
    receivers_on_loopback, client, organization
):
    Hook.create(client, "http://127.0.0.1:9/", "invoice.*")
    for header in (GIVEN, ANOTHER):
        client.post(chain.GENERATE, bodies.invoice(organization.supplier_id), headers={"traceparent": header})
    number()
    owed = chain.rows("SELECT traceparent FROM jobs WHERE kind = 'webhook.deliver' ORDER BY id")
    assert owed == [(GIVEN,), (ANOTHER,)]


def test_a_request_whose_head_comes_first_is_recorded_once(client, organization, recorded):
    asked = bodies.invoice(organization.supplier_id)
    first = client.post(chain.REQUESTS, asked, environ_overrides={HEAD_ONLY: True})
    assert (first.status_code, recorded.get_finished_spans()) == (204, ())
    assert client.post("/nowhere", asked, environ_overrides={HEAD_ONLY: True}).status_code == 404
    [refused] = recorded.get_finished_spans()
    assert (refused.name, dict(refused.attributes)["http.response.status_code"]) == ("POST", 404)


def test_a_span_says_which_error_it_met_and_not_its_words(database, recorded):
    with pytest.raises(RuntimeError), traces.span("probe"):
        raise RuntimeError("Zyzzyva")
    with pytest.raises(DBAPIError), traces.span("asks"), transaction() as session:
        run(session, "find_traces", ids=["Zyzzyva"])
    spans = recorded.get_finished_spans()
    errors = {one.name: one.attributes["error.type"] for one in spans}
    assert errors == {"probe": "RuntimeError", "find_traces": "22P02", "asks": "DataError"}
    assert not any("Zyzzyva" in one.to_json() for one in spans)
