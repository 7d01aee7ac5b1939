"""For the people on call: the queues of all organizations, brakes, shares. Takes an operator's key."""

from typing import Any

from marshmallow import fields, pre_dump

from api.http.blueprint import Blueprint
from api.http.changes import change
from api.http.fields import Choice, Instant, Text, Whole
from api.http.pagination import LINK, Page, page, place
from api.http.schema import Body, CamelSchema
from db.transaction import report, transaction
from domain.doctor.checks import COMMAND_CHECKS, examine, unseen
from domain.doctor.findings import Verdict, worst
from domain.identity import organizations
from domain.jobs import canaries, presence
from domain.jobs.lanes import LANES
from domain.jobs.monitoring import queues
from domain.jobs.monitoring.processes import processes

PATH = "/api/v1/admin"
admin_api = Blueprint(
    "admin", __name__, description="For operators: the queues of all organizations, pauses and shares.", url_prefix=PATH
)


class Depth(CamelSchema):
    lane = Choice(*LANES)
    kind = fields.String()
    organization_id = fields.Integer()
    status = Choice("pending", "processing", "failed")
    jobs = fields.Integer(
        metadata={"description": f"Pending jobs are counted up to {queues.MAX_COUNTED:,} of each priority"}
    )
    oldest_seconds = fields.Float()


class Throughput(CamelSchema):
    lane = Choice(*LANES)
    jobs = fields.Integer()
    jobs_per_second = fields.Float()
    idle_seconds = fields.Float(metadata={"description": "Seconds since the last job ended."})


class Pause(CamelSchema):
    what = Choice("lane", "kind")
    name = fields.String()
    since = Instant()


class PauseBody(Body):
    EXAMPLES = {"The lane io": {"what": "lane", "name": "io"}}

    what = Choice("lane", "kind", required=True)
    name = Text(100, required=True)


class Incident(CamelSchema):
    name = fields.String()
    count = fields.Integer()
    last_at = Instant()


class Canary(CamelSchema):
    """A message without a job that a relay sends down the lane every minute; it is late when no worker answers."""

    lane = Choice(*LANES)
    sent_at = Instant()
    answered_at = Instant(allow_none=True)
    worker = fields.String(allow_none=True, metadata={"description": "The worker that answered the last one."})
    late = fields.Function(canaries.is_late, metadata={"type": "boolean"})


class Queues(CamelSchema):
    depths = fields.List(fields.Nested(Depth))
    throughput = fields.List(
        fields.Nested(Throughput), metadata={"description": "Jobs that ended in the last five minutes."}
    )
    pauses = fields.List(fields.Nested(Pause))
    canaries = fields.List(fields.Nested(Canary))
    incidents = fields.List(fields.Nested(Incident))


class Process(CamelSchema):
    """A process of the installation. It is silent once it has missed three heartbeats, and its jobs run elsewhere."""

    name = fields.String(metadata={"description": "HOST:PID-ID; the jobs of a worker's child name HOST:PID-ID/PID."})
    part = Choice("api", "relay", "worker", "io", "ocr", "beat")
    host = fields.String()
    pid = fields.Integer()
    version = fields.String()
    lanes = fields.List(fields.String(), metadata={"description": "The lanes that a worker serves."})
    kinds = fields.List(fields.String(), metadata={"description": "The kinds that a worker knows."})
    started_at = Instant()
    seen_at = Instant()
    silent_seconds = fields.Float(metadata={"description": "Seconds since its last heartbeat; one is due every 2 s."})
    silent = fields.Function(presence.is_silent, metadata={"type": "boolean"})
    idle = fields.Boolean(
        metadata={
            "description": "It lives and does nothing: a relay that no longer reports, a worker that leaves the canary "
            "of a lane unanswered. Start it again; `counterfoil up` does."
        }
    )


class Check(CamelSchema):
    check = fields.String(metadata={"description": "The name of the check."})
    verdict = Choice(*Verdict)
    measured = fields.String()
    remedy = fields.String(metadata={"description": "One sentence on what helps; empty if all is well."})


class Diagnosis(CamelSchema):
    """The verdict is the worst of all checks. `unknown`: the API cannot see it, and says why and who can."""

    verdict = Choice(*Verdict)
    checks = fields.List(fields.Nested(Check))


class WaitPage(Page):
    organization_id = Whole(query=True, description="Only jobs of this organization.")
    lane = Choice(*LANES, description="Only jobs of this lane.")
    hours = Whole(
        0,
        queues.WAITS_KEPT_HOURS,
        query=True,
        load_default=1,
        description="Whole hours before the current one.",
    )


class Bucket(CamelSchema):
    up_to_seconds = fields.Float(allow_none=True, metadata={"description": "null in the last one, which has no bound"})
    jobs = fields.Integer(metadata={"description": "Jobs of this bucket alone."})


class Waits(CamelSchema):
    """A percentile is the bound of the bucket that it falls into, null in the last one."""

    organization_id = fields.Integer()
    lane = Choice(*LANES)
    jobs = fields.Integer()
    p50_seconds = fields.Float(allow_none=True)
    p90_seconds = fields.Float(allow_none=True)
    p99_seconds = fields.Float(allow_none=True)
    buckets = fields.List(fields.Nested(Bucket), metadata={"description": "Buckets that hold no job are left out."})

    @pre_dump
    def with_buckets(self, row: Any, **kwargs: Any) -> dict[str, Any]:
        counted = zip(row.bounds, row.counts, strict=True)
        return row._asdict() | {"buckets": [{"up_to_seconds": bound, "jobs": jobs} for bound, jobs in counted]}


class Organization(CamelSchema):
    id = fields.Integer()
    name = fields.String()
    weight = fields.Integer()
    max_running = fields.Integer(allow_none=True)
    max_requests_per_second = fields.Integer(allow_none=True)
    max_stored_mb = fields.Integer(allow_none=True)
    max_templates = fields.Integer(allow_none=True)
    max_invoices_per_day = fields.Integer(allow_none=True)


def own_limit(largest: int) -> Whole:
    """Return a field for a limit of one organization; without it that of the installation holds."""
    return Whole(1, largest, allow_none=True, load_default=None)


class ShareBody(Body):
    EXAMPLES = {"Twice the turns, 50 jobs at once": {"weight": 2, "maxRunning": 50}}

    weight = Whole(1, 100, required=True)
    max_running = own_limit(1_000_000)
    max_requests_per_second = own_limit(1_000_000)
    max_stored_mb = own_limit(2_000_000_000)
    max_templates = own_limit(1_000_000)
    max_invoices_per_day = own_limit(2_000_000_000)


@admin_api.route("/queues", "installation:read")
@admin_api.response(200, Queues)
def show_queues() -> Any:
    """Show what waits, runs and has failed, how old the oldest is, how fast it goes, and what is paused.

    The figures are of all organizations together with each one's own.
    """
    with transaction() as session:
        return {
            "depths": queues.depths(session),
            "throughput": queues.throughput(session),
            "pauses": queues.pauses(session),
            "canaries": canaries.canaries(session),
            "incidents": queues.incidents(session),
        }


@admin_api.route("/processes", "installation:read")
@admin_api.response(200, Process(many=True))
def list_processes() -> Any:
    """List the processes that live, or have lived within the last hour: each part, its version, and who is silent.

    A process that ends as it should is not listed any more.
    """
    with transaction() as session:
        return processes(session)


@admin_api.route("/doctor", "installation:read")
@admin_api.response(200, Diagnosis)
def diagnose() -> Any:
    """Check the traps that an installation can fall into, such as a clock that is off or a full disk.

    The checks look from this API process, at the database and at its own settings. Those that need the address of the
    broker, which the API does not have, are `unknown` here: `counterfoil doctor` makes them too.
    """
    elsewhere = unseen(
        COMMAND_CHECKS,
        "the API has no way to the broker, and tries no doors",
        "Run `counterfoil doctor` with the environment of a relay.",
    )
    lines = [*examine(), *elsewhere]
    return {"verdict": worst(lines), "checks": lines}


@admin_api.route("/waits", "installation:read")
@admin_api.arguments(WaitPage(), location="query")
@admin_api.response(200, Waits(many=True), headers=LINK)
def list_waits(query: dict[str, Any]) -> Any:
    """List how long the jobs of each organization and lane waited until they were claimed, slowest first.

    Counted are those that were run in the current hour, as far as it has come, and in the whole `hours` before it.
    """
    with report() as session:
        rows = queues.waits(
            session,
            query["hours"],
            query.get("organization_id"),
            query.get("lane"),
            *place(query, 0),
        )
        return page(rows, query, Waits())


@admin_api.route("/pause", "installation:manage", methods=["POST"])
@admin_api.arguments(PauseBody())
@admin_api.response(200, Pause(many=True))
@admin_api.refuses(404)
def pause_queue(body: dict[str, Any]) -> Any:
    """Pause a lane or a kind: nothing of it is sent to workers or claimed by them. The answer lists what is paused now.

    What workers have already been sent is still run.
    """
    with change() as session:
        queues.pause(session, **body)
        return queues.pauses(session)


@admin_api.route("/resume", "installation:manage", methods=["POST"])
@admin_api.arguments(PauseBody())
@admin_api.response(200, Pause(many=True))
@admin_api.refuses(404)
def resume_queue(body: dict[str, Any]) -> Any:
    """Resume a lane or a kind that was paused. The answer lists what is still paused.

    What has waited meanwhile goes in its usual order.
    """
    with change() as session:
        queues.resume(session, **body)
        return queues.pauses(session)


@admin_api.route("/organizations", "installation:read")
@admin_api.arguments(Page(), location="query")
@admin_api.response(200, Organization(many=True), headers=LINK)
def list_organizations(query: dict[str, Any]) -> Any:
    """List organizations with their shares.

    They come in the order in which they were created.
    """
    with report() as session:
        rows = organizations.page(session, *place(query, 0))
        return page(rows, query, Organization())


@admin_api.route("/organizations/<row_id:organization_id>", "installation:manage", methods=["PUT"])
@admin_api.arguments(ShareBody())
@admin_api.response(200, Organization)
@admin_api.refuses(404)
def set_share(body: dict[str, Any], organization_id: int) -> Any:
    """Set an organization's share of the turns, how many of its jobs may run at once, and its quotas.

    An organization with weight 2 gets twice the turns of one with weight 1. Without `maxRunning` there is no limit; a
    quota that is absent or null is that of the installation.
    """
    with change() as session:
        return organizations.share(session, organization_id, **body)
