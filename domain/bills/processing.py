"""Bills on their way from bytes to fields: read in one transaction, parsed with none open, recorded in a fenced one.

A file says what it says in XML or in text; or its pages are looked at, by OCR here or by a provider outside. Each is a
kind of work in a lane of its own. The row keeps what was read so far, so that no page is read twice.
"""

import time
from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import orjson
from sqlalchemy.orm import Session

import settings
from db.jobs import ClaimedJob, NewJob
from db.queries import run
from domain.bills import catalogue, checking, duplicates, extraction, providers, readings, suppliers
from domain.bills.content import PERSON, Found, Reading
from domain.bills.extraction import Check, Hints
from domain.bills.identity import Keys, keys
from domain.bills.intake import work
from domain.bills.reading import reader
from domain.bills.reading.reader import Reader
from domain.bills.status import ASK, PROCESS, SCAN, Status
from domain.events.telling import News, tell
from domain.events.types import BILL_FAILED, BILL_NEEDS_REVIEW, BILL_PROCESSED
from domain.files import storing
from domain.files.storing import File, StorageAway
from domain.jobs import backoff
from domain.jobs.submission import enqueue_jobs
from domain.jobs.work import Later, Outcome, Retry

# Of the time that a task may take: after which no file is begun, and what one file, or a scan, may take. So a run, of
# one scan or of many other files, ends in time. A file that is slower than AT_ONCE is read where scans are: the workers
# that issue invoices wait for no stranger's file.
BUDGET, AT_ONCE, LONGEST, LONGEST_SCAN = 0.1, 0.1, 0.3, 0.55
AWAY_S = 60.0
# A file that was too much for its reader is read again after a while: the machine may have been busy.
MAX_READINGS, ANOTHER_TIME_S = 3, 30.0
TOLD = {Status.PROCESSED: BILL_PROCESSED, Status.NEEDS_REVIEW: BILL_NEEDS_REVIEW, Status.ERROR: BILL_FAILED}


@dataclass(frozen=True)
class Task:
    """A bill, its job of which kind, and what is known before it is read."""

    kind: str
    job: ClaimedJob
    row: Any
    hints: Hints

    @property
    def organization_id(self) -> int:
        return self.job.organization_id

    @property
    def file(self) -> File:
        """Return where the bill's file is."""
        return File(self.organization_id, self.row.sha256, self.row.size, self.row.media_type, self.row.write_id)


@dataclass(frozen=True)
class Result:
    """What a run came to for one bill: its end in `status`, the kind that goes `on` with it, or another attempt."""

    task: Task
    reading: Reading | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    checks: Sequence[Mapping[str, Any]] = ()
    status: Status = Status.PROCESSING
    message: str | None = None
    on: str | None = None
    again: Retry | Later | None = None

    @property
    def organization_id(self) -> int:
        return self.task.organization_id


OfOne = TypeVar("OfOne", Task, Result)


class Processing:
    """The bills of one run of a kind, which may be of several organizations."""

    def __init__(self, kind: str, jobs: Sequence[ClaimedJob]) -> None:
        self._kind, self._jobs = kind, jobs
        self._tasks: list[Task] = []

    def prepare(self, session: Session) -> list[Outcome] | None:
        """Take up the bills; return the outcomes if nobody waits for any of them."""
        found = run(
            session,
            "begin_bills",
            ids=[job.payload["invoiceId"] for job in self._jobs],
            organization_ids=[job.organization_id for job in self._jobs],
            job_ids=[job.id for job in self._jobs],
        )
        rows = [
            row._replace(reading=readings.opened(session, row.organization_id, row.id, row.reading)) for row in found
        ]
        known = {one: suppliers.hints(session, one) for one in {row.organization_id for row in rows}}
        jobs = {job.id: job for job in self._jobs}
        self._tasks = [Task(self._kind, jobs[row.job_id], row, known[row.organization_id]) for row in rows]
        return None if rows else [_nothing(job) for job in self._jobs]

    def perform(self) -> list[Result]:
        """Return what became of each bill; those for which there was no time go on."""
        end = time.monotonic() + BUDGET * settings.current().task_timeout
        results: list[Result] = []
        for tasks in _by_organization(self._tasks).values():
            with Reader() as texts:
                for task in tasks:
                    in_time = not results or time.monotonic() < end
                    results.append(_attempt(task, texts) if in_time else Result(task, again=Later(0)))
        return results

    def record(self, session: Session, results: Sequence[Result]) -> list[Outcome]:
        """Write what became of the bills, tell of it, and owe what goes on."""
        run(session, "lock_bill_jobs", ids=[job.id for job in self._jobs])
        held = _write(session, results)
        mine = [one for one in results if one.task.row.id in held]
        ended = [one for one in mine if one.status in TOLD]
        _tell(session, ended, _ask_for_review(session, ended))
        _hand_on(session, [one for one in mine if one.on])
        outcomes: dict[int, Outcome] = {one.task.job.id: one.again or _outcome(one) for one in mine}
        return [outcomes.get(job.id) or _nothing(job) for job in self._jobs]


def _attempt(task: Task, texts: Reader) -> Result:
    try:
        return _advance(task, texts)
    except reader.Exhausted as exhausted:
        if task.job.attempts < MAX_READINGS:
            return Result(task, again=Retry(ANOTHER_TIME_S, str(exhausted)))
        return Result(task, status=Status.ERROR, message=str(exhausted))
    except (reader.Unreadable, reader.NotInstalled, storing.Damaged, providers.Unusable) as refused:
        return Result(task, status=Status.ERROR, message=str(refused))
    except StorageAway:
        return Result(task, again=Later(AWAY_S))
    except (reader.Unavailable, providers.Unavailable, providers.Misconfigured) as away:
        pause = getattr(away, "retry_after", None) or backoff.delay(AWAY_S, task.job.attempts)
        return Result(task, again=Retry(pause, str(away)))


def _advance(task: Task, texts: Reader) -> Result:
    """Read on in a bill, as far as its job's kind goes and for as long as one file may take."""
    longest = LONGEST_SCAN if task.kind == SCAN else LONGEST
    deadline = time.monotonic() + longest * settings.current().task_timeout
    reading = readings.unpack(task.row.reading) if task.row.reading else None
    if reading is None or reading.scans:
        data = storing.content(task.file)
        before = reading or _text(task, texts, data, deadline)
        if before is None:
            return Result(task, on=_looking())
        reading = _look(task, data, before, deadline)
        if task.kind == ASK and reading is not before:  # a run makes one call outside
            return Result(task, reading, again=Later(0))
    if reading.scans:
        on = _looking()
        return Result(task, reading, again=Later(0)) if task.kind == on else Result(task, reading, on=on)
    if reading.xml is None and providers.asks_model():
        if task.kind != ASK:
            return Result(task, reading, on=ASK)
        return _judged_with_model(task, reading)
    return _judged(task, reading, extraction.extract(reading, task.hints))


def _looking() -> str:
    """Return the kind of work that looks at pages, here or outside."""
    return SCAN if providers.scans_here() else ASK


def _text(task: Task, texts: Reader, data: bytes, deadline: float) -> Reading | None:
    """Return what a file says without recognition of text, None if another kind of work has the time for it."""
    if task.kind == PROCESS:
        return texts.glance(data, task.row.media_type, deadline, AT_ONCE * settings.current().task_timeout)
    return texts.text(data, task.row.media_type, deadline)


def _look(task: Task, data: bytes, reading: Reading, deadline: float) -> Reading:
    """Return the reading with some of its pages looked at, if that is what the job does."""
    if reading.scans and task.kind == SCAN:
        return reader.read_scans(reading, data, task.row.media_type, task.hints.language, deadline)
    if reading.scans and task.kind == ASK:
        return _ask_about_next_scan(task, data, reading, deadline)
    return reading


def _ask_about_next_scan(task: Task, data: bytes, reading: Reading, deadline: float) -> Reading:
    number, *others = reading.scans
    pages = list(reading.pages)
    image = reader.picture(data, task.row.media_type, number, deadline)
    languages = [task.hints.language] if task.hints.language else []
    try:
        pages[number - 1] = providers.read_picture(image, number, *pages[number - 1][1:3], languages)
    except providers.Unusable as useless:
        return reader.give_up(reading, [number], useless)
    return reading._replace(pages=pages, scans=others)


def _judged_with_model(task: Task, reading: Reading) -> Result:
    """Judge what the rules find and the model adds; where its answer is of no use, a person looks."""
    try:
        return _judged(task, reading, providers.fields(reading, task.hints))
    except providers.Unusable as useless:
        by_rules = _judged(task, reading, extraction.extract(reading, task.hints))
        checks = [*by_rules.checks, Check("model", False, str(useless))._asdict()]
        return replace(by_rules, checks=checks, status=Status.NEEDS_REVIEW)


def _judged(task: Task, reading: Reading, found: Mapping[str, Found]) -> Result:
    by_person = {name: Found(**one) for name, one in task.row.fields.items() if one["origin"] == PERSON}
    verdict = checking.judge({**found, **by_person}, reading, task.hints, task.row.today)
    return Result(task, reading, verdict.fields, verdict.checks, verdict.status)


def _write(session: Session, results: Sequence[Result]) -> set[int]:
    """Write what was read; return the ids of the bills that are still ours."""
    columns = [keys(one.fields or one.task.row.fields) for one in results]
    rows = run(
        session,
        "record_bills",
        ids=[one.task.row.id for one in results],
        job_ids=[one.task.job.id for one in results],
        statuses=[one.status for one in results],
        messages=[one.message for one in results],
        fields=[orjson.dumps(one.fields or one.task.row.fields).decode() for one in results],
        checks=[orjson.dumps(one.checks).decode() for one in results],
        readings=[_kept(session, one) for one in results],
        page_counts=[len(one.reading.pages) if one.reading else None for one in results],
        **{name: [getattr(one, name) for one in columns] for name in Keys._fields},
    )
    return {row.id for row in rows}


def _kept(session: Session, one: Result) -> bytes | None:
    packed = readings.pack(one.reading) if one.reading else one.task.row.reading
    return readings.sealed(session, one.organization_id, one.task.row.id, packed)


def _ask_for_review(session: Session, ended: Sequence[Result]) -> set[int]:
    """Have somebody look at bills that seem to be there twice; return those that were processed otherwise."""
    twins: list[int] = []
    for organization_id, of_one in _by_organization(ended).items():
        processed = [one.task.row.id for one in of_one if one.status == Status.PROCESSED]
        twins += duplicates.of_bills(session, organization_id, processed) if processed else ()
    if twins:
        run(session, "review_again", ids=twins)
    return set(twins)


def _tell(session: Session, ended: Sequence[Result], twins: Container[int]) -> None:
    for organization_id, of_one in _by_organization(ended).items():
        tell(session, organization_id, [_news(one, one.task.row.id in twins) for one in of_one])


def _news(one: Result, is_twin: bool) -> News:
    status = Status.NEEDS_REVIEW if is_twin else one.status
    said = catalogue.told(one.task.row.id, one.task.row.file_name, one.fields)
    said |= {"error": one.message} if status == Status.ERROR else {}
    return News(TOLD[status], said, one.task.job.id)


def _hand_on(session: Session, results: Sequence[Result]) -> None:
    """Owe the jobs that go on with bills, which are theirs from now on."""
    groups: dict[str, list[Task]] = defaultdict(list)
    for one in results:
        groups[one.on or ""].append(one.task)
    for kind, tasks in groups.items():
        job_ids = enqueue_jobs(session, kind, [_onward(one) for one in tasks])
        run(session, "hand_on_bills", ids=[one.row.id for one in tasks], job_ids=job_ids)


def _onward(task: Task) -> NewJob:
    key, payload = work(task.organization_id, task.row.id)
    return NewJob(task.organization_id, payload, key, traceparent=task.job.traceparent)


def _by_organization(ones: Sequence[OfOne]) -> dict[int, list[OfOne]]:
    found: dict[int, list[OfOne]] = defaultdict(list)
    for one in ones:
        found[one.organization_id].append(one)
    return found


def _outcome(one: Result) -> dict[str, Any]:
    return {"billId": one.task.row.id, "status": one.status, "message": one.message}


def _nothing(job: ClaimedJob) -> dict[str, Any]:
    return {"billId": job.payload["invoiceId"], "message": "nothing to do: somebody else works on the bill, or decided"}
