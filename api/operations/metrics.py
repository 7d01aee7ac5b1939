"""The figures for Prometheus, read from the database: every api process gives the same."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from flask import Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from api.http.blueprint import Blueprint
from db.models import Process
from db.transaction import transaction
from domain.jobs.monitoring import queues
from domain.jobs.monitoring.processes import life, processes
from domain.jobs.monitoring.statistics import BOUNDS

metrics_api = Blueprint("metrics", __name__, description="Figures for Prometheus.")


@metrics_api.route("/metrics", "installation:read")
@metrics_api.response(200, {"type": "string"}, content_type="text/plain")
@metrics_api.refuses(403)
def show_metrics() -> Response:
    """Return all figures in Prometheus' text format.

    It takes an operator's key. Every API process gives the same figures.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Queues())
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class Queues(Collector):
    """Reads everything anew at each scrape."""

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield the queues, the runs and the incidents."""
        with transaction() as session:
            depths, totals = queues.depths(session), queues.totals(session)
            throughput, pauses = queues.throughput(session), queues.pauses(session)
            incidents, seen = queues.incidents(session), processes(session)
        yield from _depths(depths)
        yield from _runs(totals)
        rate = GaugeMetricFamily("counterfoil_jobs_per_second", "Jobs that ended, lately", labels=["lane"])
        for lane in throughput:
            rate.add_metric([lane.lane], lane.jobs_per_second)
        paused = GaugeMetricFamily("counterfoil_paused", "1 while it is paused", labels=["what", "name"])
        for pause in pauses:
            paused.add_metric([pause.what, pause.name], 1)
        refused = CounterMetricFamily("counterfoil_incidents", "Refusals, by what was refused", labels=["name"])
        for incident in incidents:
            refused.add_metric([incident.name], incident.count)
        yield from (rate, paused, refused, _processes(seen))


def _processes(seen: Sequence[Process]) -> Metric:
    processes = GaugeMetricFamily(
        "counterfoil_processes",
        "Processes that live, live and do nothing, or fell silent within the last hour",
        labels=["part", "version", "state"],
    )
    states = Counter((one.part, one.version, life(one)) for one in seen)
    for labels, count in sorted(states.items()):
        processes.add_metric(labels, count)
    return processes


def _depths(depths: Sequence[Any]) -> Iterator[Metric]:
    labels = ["lane", "kind", "organization", "status"]
    jobs = GaugeMetricFamily(
        "counterfoil_jobs",
        f"Jobs that are not done; pending ones are counted up to {queues.MAX_COUNTED:,} of each priority",
        labels=labels,
    )
    oldest = GaugeMetricFamily("counterfoil_oldest_job_seconds", "Age of the oldest such job", labels=labels)
    for row in depths:
        values = [row.lane, row.kind, str(row.organization_id), row.status]
        jobs.add_metric(values, row.jobs)
        oldest.add_metric(values, row.oldest_seconds)
    yield from (jobs, oldest)


def _runs(totals: Sequence[Any]) -> Iterator[Metric]:
    finished = CounterMetricFamily("counterfoil_runs", "Jobs run, by outcome", labels=["kind", "outcome"])
    wait = HistogramMetricFamily("counterfoil_wait_seconds", "Seconds from available to claimed", labels=["kind"])
    run = HistogramMetricFamily(
        "counterfoil_run_seconds", "Run time per job: its group's time divided by its jobs", labels=["kind"]
    )
    for row in totals:
        finished.add_metric([row.kind, "completed"], row.completed)
        finished.add_metric([row.kind, "failed"], row.failed)
        wait.add_metric([row.kind], _buckets(row.wait_counts), row.wait_seconds)
        run.add_metric([row.kind], _buckets(row.run_counts), row.run_seconds)
    yield from (finished, wait, run)


def _buckets(counts: Sequence[int]) -> list[tuple[str, float]]:
    total, cumulated = 0, []
    for bound, count in zip([*map(str, BOUNDS), "+Inf"], counts, strict=True):
        total += int(count)
        cumulated.append((bound, float(total)))
    return cumulated
