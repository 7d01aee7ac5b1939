"""Jobs as callers see them: `type` is the kind, statuses are in lower case."""

from datetime import datetime
from typing import Any

from apispec import APISpec
from marshmallow import ValidationError, fields, validates_schema

from api.http.fields import Choice, Flag, Instant, Object, Text, Whole
from api.http.pagination import Page
from api.http.schema import Body, CamelSchema, Query
from db.models import Job
from domain.accounting.sources import KIND
from domain.jobs.bulk import MAX_JOBS, MAX_RATE, RATE
from domain.jobs.failures import MAX_FAILED, is_complete
from domain.jobs.lifecycle import Status
from domain.jobs.priorities import MAX_OWN, NORMAL, given
from domain.jobs.registry import submittable
from domain.jobs.submission import LONGEST_WAIT

STATUSES = tuple(status.lower() for status in Status)
PRIORITY = (
    "Among the jobs of your organization a higher priority goes first; a tenth of the work goes to lower ones. It does "
    "not move them before those of other organizations, unless an operator's key submits it with more than 1."
)
REASONS = (
    "finished", "running", "scheduled", "waits_for_retry", "paused", "no_worker", "no_relay", "no_broker", "sent",
    "held", "at_its_limit", "queued",
)  # fmt: skip


class JobBody(Body):
    EXAMPLES = {
        "Recreate a journal entry": {
            "type": KIND, "payload": {"documents": [{"type": "invoice", "id": 1}]},
        },
    }  # fmt: skip

    type = Text(100, required=True)
    payload = Object(
        required=True, description="The work to be done, in the fields of the type's schema: GET /api/v1/jobs/kinds."
    )
    priority = Whole(0, MAX_OWN, load_default=NORMAL, description=PRIORITY)
    run_at = Instant(description="The job does not start before this time, which is at most 366 days ahead.")
    delay_seconds = Whole(
        0,
        LONGEST_WAIT.days * 86_400,
        load_default=0,
        description="The job does not start for so many seconds.",
    )
    unique_key = Text(
        200,
        description="While a job of the same type with this key waits or runs, the answer is that job, with status "
        "200, and no second one is made.",
    )

    @validates_schema
    def says_one_time(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("run_at") and data.get("delay_seconds"):
            raise ValidationError("does not go together with delaySeconds: send one of them", "runAt")


class KindState(CamelSchema):
    """A kind of job that can be submitted; `payloadSchema` is the JSON Schema (2020-12) of its payload."""

    type = fields.String(attribute="name")
    lane = fields.String()
    max_attempts = fields.Integer()
    payload_schema = fields.Dict(attribute="schema")
    permission = fields.String(metadata={"description": "What it takes to submit one, besides jobs:create."})


class JobAccepted(CamelSchema):
    job_id = fields.Integer()
    status = Choice(*STATUSES)
    message = fields.String()


class JobState(CamelSchema):
    id = fields.Integer()
    type = fields.String(attribute="kind")
    status = fields.Function(lambda job: job.status.lower(), metadata={"type": "string", "enum": list(STATUSES)})
    progress = fields.Integer()
    total = fields.Integer()
    progress_percent = fields.Function(
        lambda job: 100 * job.progress // max(job.total, 1), metadata={"type": "integer"}
    )
    error = fields.String(allow_none=True)
    result = fields.Dict(allow_none=True)
    priority = fields.Function(lambda job: given(job.priority), metadata={"type": "integer"})
    attempts = fields.Integer()
    max_attempts = fields.Integer()
    cancel_requested = fields.Boolean()
    next_retry_at = fields.Function(lambda job: _text(next_retry(job)), metadata={"type": ["string", "null"]})
    run_at = fields.Function(
        lambda job: _text(first_run(job)),
        metadata={"type": ["string", "null"], "description": "When a job that waits for its time starts."},
    )
    unique_key = fields.String(allow_none=True)
    created_by = fields.String(
        allow_none=True,
        metadata={"description": "Who asked for it, such as key:7; null if Counterfoil did by itself."},
    )
    created_at = Instant()
    started_at = Instant(allow_none=True)
    completed_at = Instant(allow_none=True)
    duration_ms = fields.Function(lambda job: duration(job), metadata={"type": ["integer", "null"]})


class Attempt(CamelSchema):
    attempt = fields.Integer()
    outcome = Choice("running", "completed", "cancelled", "retried", "failed", "swept")
    worker = fields.String(allow_none=True)
    error = fields.String(allow_none=True)
    started_at = Instant()
    ended_at = Instant(allow_none=True)


class Position(CamelSchema):
    """The work that stands before the job. Counts stop at 10,000; a `share` of 0.5 is half of the turns."""

    higher_priority = fields.Integer()
    same_organization = fields.Integer()
    organizations_waiting = fields.Integer()
    share = fields.Float()


class Explanation(CamelSchema):
    """`reason` is for programs, `text` for people. `drainRate` is the jobs per second that end in the job's lane.

    `traceId` is that of the `traceparent` with which the job was asked for, or of the trace that was begun for it.
    """

    job_id = fields.Integer()
    status = Choice(*STATUSES)
    reason = Choice(*REASONS)
    text = fields.String()
    position = fields.Nested(Position, allow_none=True)
    drain_rate = fields.Float(allow_none=True)
    expected_start_at = Instant(allow_none=True)
    next_retry_at = Instant(allow_none=True)
    published_at = Instant(allow_none=True)
    worker = fields.String(allow_none=True)
    lease_age_seconds = fields.Float(allow_none=True)
    lease_expires_at = Instant(allow_none=True)
    trace_id = fields.String(allow_none=True)


class Filters(Body):
    type = Text(100, attribute="kind", description="Only jobs of this kind, such as transfer.send.")
    status = Choice(*STATUSES, description="Only jobs with this status.")
    created_after = Instant(description="Only jobs created after this time.")
    created_before = Instant(description="Only jobs created before this time.")


class JobPage(Page, Filters):
    mine = Flag(query=True, load_default=False, description="true for the jobs alone that you asked for.")


class RetryBody(Filters):
    """Which jobs to try again: failed ones, unless `status` says otherwise. Without a filter, `all` must be true."""

    EXAMPLES = {"All failed jobs, only to see which": {"all": True, "dryRun": True}}

    status = Choice("failed", "cancelled")
    all = Flag(load_default=False)
    dry_run = Flag(load_default=False)

    @validates_schema
    def says_which(self, data: dict[str, Any], **_: Any) -> None:
        given = {name for name, value in data.items() if value is not None}
        if not data["all"] and not given - {"all", "dry_run"}:
            raise ValidationError("must be true to mean all failed jobs, unless you give a filter", "all")


class CancelBody(Filters):
    """Which jobs to cancel: those that wait or run, or of the `status`. Without a filter, `all` must be true."""

    EXAMPLES = {"All entries that wait, only to see how many": {"type": KIND, "dryRun": True}}

    status = Choice("pending", "processing")
    mine = Flag(load_default=False, description="true for the jobs alone that you asked for.")
    all = Flag(load_default=False)
    dry_run = Flag(load_default=False)

    @validates_schema
    def says_which(self, data: dict[str, Any], **_: Any) -> None:
        given = {name for name, value in data.items() if value not in (None, False)}
        if not given - {"dry_run"}:
            raise ValidationError("must be true to mean all jobs that wait or run, unless you give a filter", "all")


class Touched(CamelSchema):
    """What the job `jobId` does the act to; it is null in a dry run. There may be more if it is not `complete`."""

    matched = fields.Integer(metadata={"description": f"Up to {MAX_JOBS:,} jobs in one act, oldest first."})
    types = fields.Dict(metadata={"description": "How many jobs of each type."})
    complete = fields.Boolean()
    dry_run = fields.Boolean()
    job_id = fields.Integer(allow_none=True)


class FailureQuery(Query):
    everywhere = Flag(
        query=True,
        load_default=False,
        description="true for the failed jobs of all organizations: takes the permission installation:read.",
    )


class FailureGroup(CamelSchema):
    """Failed jobs of one type, whose errors differ only in numbers, ids and quoted texts: `shape` has `#` for these."""

    fingerprint = fields.String()
    type = fields.String(attribute="kind")
    shape = fields.String()
    jobs = fields.Integer()
    organizations = fields.Integer()
    first_failed_at = Instant(attribute="first_at")
    last_failed_at = Instant(attribute="last_at")
    newest_job_id = fields.Integer(attribute="newest_id")
    complete = fields.Function(
        is_complete,
        metadata={
            "type": "boolean",
            "description": f"false if only the newest {MAX_FAILED:,} failed jobs were counted.",
        },
    )


class FailureRetryBody(Body):
    """Which group to try again, and how many of its jobs a second once 1 % of them have gone well."""

    EXAMPLES = {"One group, only to see how many": {"fingerprint": "5b6f1a2c3d4e5f60", "dryRun": True}}

    fingerprint = Text(16, required=True)
    per_second = Whole(1, MAX_RATE, load_default=RATE)
    everywhere = Flag(
        load_default=False,
        description="true for the jobs of all organizations: takes the permission installation:manage.",
    )
    dry_run = Flag(load_default=False)


class Retried(CamelSchema):
    matched = fields.Integer(metadata={"description": "Up to 1,000 jobs in one call, oldest first."})
    retried = fields.Integer()
    dry_run = fields.Boolean()
    job_ids = fields.List(fields.Integer())


def kind_name(given: str) -> str:
    """Return the kind that a caller means; transfer_send is another spelling of transfer.send."""
    return given.replace("_", ".")


def next_retry(job: Job) -> datetime | None:
    """Return when a job that failed before is tried again, None for any other."""
    return job.available_at if job.status == Status.PENDING and job.attempts else None


def first_run(job: Job) -> datetime | None:
    """Return when a job that waits for its time starts, None for any other."""
    waits = job.status == Status.PENDING and not job.attempts and job.available_at > job.read_at
    return job.available_at if waits else None


def duration(job: Job) -> int | None:
    """Return the milliseconds that the job has run, None before it started."""
    if job.started_at is None:
        return None
    seconds = ((job.completed_at or job.read_at) - job.started_at).total_seconds()
    return max(0, round(seconds * 1000))


def filters(given: dict[str, Any]) -> dict[str, Any]:
    """Return what the domain filters by."""
    known: dict[str, Any] = {name: given[name] for name in ("created_after", "created_before") if name in given}
    if "kind" in given:
        known["kind"] = kind_name(given["kind"])
    return known | ({"status": given["status"].upper()} if "status" in given else {})


def _text(moment: datetime | None) -> str | None:
    return Instant()._serialize(moment, None, None)


def document_kinds(spec: APISpec) -> None:
    """Add the payload schema of each kind to the spec, and to what a submission may hold."""
    payloads = {f"Payload.{kind.name}": dict(kind.schema or {}) for kind in submittable()}
    for name, schema in payloads.items():
        spec.components.schemas[name] = schema
    if payloads:
        payload = spec.components.schemas["JobBody"]["properties"]["payload"]
        payload["anyOf"] = [{"$ref": f"#/components/schemas/{name}"} for name in payloads]
