"""A mail on its way: read in one transaction, printed and sent while none is open, recorded in a second one.

A worker that dies between sending and recording sends the mail again, under the same Message-ID.
"""

import random
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

import settings
from db import clock
from db.jobs import ClaimedJob
from db.models import Invoice, Mail, Organization, Supplier
from domain.errors import Invalid, Refusal
from domain.events.feed import moment
from domain.events.telling import News, tell
from domain.events.types import MAIL_REFUSED, MAIL_SENT
from domain.invoices import payments
from domain.jobs.work import Later, Outcome, PermanentError, Retry
from domain.mail import addresses, attachments, composing, schedule, sealing, sending, templates
from domain.mail.attachments import Source
from domain.mail.catalogue import Status
from domain.mail.composing import Envelope
from domain.mail.templates import Written
from domain.pdf.rendering import RendererBusy, RenderingFailed
from domain.shares import OverShare, Shares
from gateways import smtp
from settings import ConfigurationError, variable

# Relays count the connections of a client, and close those beyond a few.
CONNECTIONS = 8
ONE_MORE_S = 2.0
# A mail is the first of these that one of its recipients is.
IN_ORDER = (Status.QUEUED, Status.REFUSED, Status.FAILED, Status.SENT)
# Of the time that a task may take; printing takes its own before, and both end within the lease.
PATIENCE = 0.6


class Unsent(NamedTuple):
    """Nothing was sent: why, and whether it is of any use to try again."""

    reason: str
    for_good: bool = False
    busy: bool = False


@cache
def connections() -> Shares:
    """Return this process's places at the relay: no organization has half while another asks."""
    return Shares(CONNECTIONS)


class Delivery:
    """One attempt at one mail; `close` gives back its place at the relay."""

    def __init__(self, job: ClaimedJob):
        self._job = job
        self._give_back: Callable[[], None] = lambda: None

    def prepare(self, session: Session) -> Outcome | None:
        """Read what is sent and to whom; return the job's outcome if nothing can be sent now."""
        mail = _find(session, self._job)
        if mail is None:
            return {"status": "deleted"}
        if (mail.job_id or 0) > self._job.id:  # it was owed anew, and this job was given its attempts again as well
            return {"status": mail.status}
        [recipients] = sealing.recipients(session, mail.organization_id, [mail])
        self._waiting = [one["address"] for one in recipients if one["status"] == Status.QUEUED]
        if not self._waiting:
            return {"status": mail.status}
        try:
            self._give_back = connections().take(mail.organization_id)
        except OverShare:
            return Later(ONE_MORE_S * random.uniform(0.5, 1.5))  # noqa: S311
        self._sources = attachments.read(session, mail.organization_id, mail.attachments)
        self._written = _written(session, mail, self._sources)
        self._envelope = _envelope(session, mail, [one["address"] for one in recipients])
        return None

    def send(self) -> Mapping[str, smtp.Reply] | Unsent:
        """Print, write and send; return what the relay said of each recipient, or why there is nothing."""
        try:
            relay = smtp.relay(settings.current().smtp_url)
            files = attachments.make(self._job.organization_id, self._sources)
            message = composing.compose(self._envelope, self._written, files)
            sender = self._envelope.sender.addr_spec
            return smtp.send(relay, sender, self._waiting, message, settings.current().task_timeout * PATIENCE)
        except RendererBusy as busy:
            return Unsent(busy.detail, busy=True)
        except RenderingFailed as failure:
            return Unsent(f"the invoice was not printed: {failure.detail}")
        except ConfigurationError:
            return Unsent(f"the io part lacks {variable('smtp_url')}, or cannot read it")
        except Refusal as refused:
            return Unsent(str(refused), for_good=True)
        except smtp.Unsent as unsent:
            return Unsent(str(unsent))

    def record(self, session: Session, done: Mapping[str, smtp.Reply] | Unsent) -> Outcome:
        """Keep what the attempt came to; return the outcome of its job."""
        if isinstance(done, Unsent) and done.busy:
            return Later(ONE_MORE_S)
        mail = _find(session, self._job, locked=True)
        if mail is None:
            return {"status": "deleted"}
        is_last = self._job.attempts >= self._job.max_attempts
        at = moment(clock.now(session))
        [before] = sealing.recipients(session, mail.organization_id, [mail])
        after = [_after(one, done, is_last, at) for one in before]
        sealing.keep(session, mail, after)
        statuses = [one["status"] for one in after]
        mail.error = done.reason if isinstance(done, Unsent) else _trouble(after)
        mail.status = next(one for one in IN_ORDER if one in statuses)
        mail.updated_at = func.clock_timestamp()  # type: ignore[assignment]
        if Status.SENT in statuses and mail.sent_at is None:
            mail.sent_at = func.clock_timestamp()  # type: ignore[assignment]
        session.flush()
        _tell(session, mail, [one["address"] for one in after if one["status"] == Status.REFUSED])
        return self._outcome(mail, statuses, at_all=not isinstance(done, Unsent))

    def _outcome(self, mail: Mail, statuses: list[str], at_all: bool) -> Outcome:
        if mail.status == Status.QUEUED or (not at_all and self._job.attempts >= self._job.max_attempts):
            return Retry(schedule.delay(self._job.attempts), mail.error or "not sent")
        if Status.SENT not in statuses:
            return PermanentError(mail.error or "not sent")
        return {"status": mail.status, **{name: statuses.count(name) for name in sorted(set(statuses))}}

    def close(self) -> None:
        """Give back the place at the relay."""
        self._give_back()


def _find(session: Session, job: ClaimedJob, locked: bool = False) -> Mail | None:
    found = select(Mail).where(Mail.organization_id == job.organization_id, Mail.id == job.payload["mailId"])
    return session.scalar(found.with_for_update(key_share=True) if locked else found)


def _written(session: Session, mail: Mail, sources: list[Source]) -> Written:
    message = sealing.message(session, mail)
    if mail.template != templates.INVOICE:
        return templates.plain(message or "", mail.locale_code)
    formats = {one.format for one in sources}
    balance = payments.balance(session.get_one(Invoice, mail.parameters["invoice_id"]))
    is_unpaid = balance is not None and balance.amount_due > 0
    return templates.invoice(sources[0].content, is_unpaid, formats != {sending.PDF}, message)


def _envelope(session: Session, mail: Mail, recipients: list[str]) -> Envelope:
    supplier = session.get(Supplier, mail.supplier_id) if mail.supplier_id else None
    name = supplier.name if supplier else session.get_one(Organization, mail.organization_id).name
    return Envelope(
        message_id=mail.message_id,
        sender=addresses.shown(name, addresses.of_installation()),
        reply_to=_reply_to(supplier),
        recipients=recipients,
        subject=mail.subject,
        at=mail.created_at,
    )


def _reply_to(supplier: Supplier | None) -> str | None:
    try:
        return addresses.normal(supplier.email) if supplier and supplier.email else None
    except Invalid:
        return None


def _after(
    recipient: dict[str, Any], done: Mapping[str, smtp.Reply] | Unsent, is_last: bool, at: str
) -> dict[str, Any]:
    """Return what is known of a recipient after an attempt."""
    if recipient["status"] != Status.QUEUED:
        return recipient
    given_up = Status.FAILED if is_last else Status.QUEUED
    if isinstance(done, Unsent):
        return recipient | {"status": Status.FAILED if done.for_good else given_up, "at": at}
    reply = done[recipient["address"]]
    status = Status.SENT if reply.taken else Status.REFUSED if reply.refused else given_up
    return recipient | {"status": status, "code": reply.code, "answer": reply.text, "at": at}


def _trouble(recipients: list[dict[str, Any]]) -> str | None:
    """Return what the relay said to one that has not got the mail, but not to whom; rather of one that waits for it."""
    missed = [one for one in recipients if one["status"] != Status.SENT]
    first = min(missed, key=lambda one: IN_ORDER.index(one["status"]), default=None)
    if first is None:
        return None
    said = re.sub(re.escape(first["address"]), "...", str(first["answer"]), flags=re.IGNORECASE)
    return f"the relay answered {first['code']} {said}"


def _tell(session: Session, mail: Mail, refused: list[str]) -> None:
    types = {Status.SENT: MAIL_SENT, Status.REFUSED: MAIL_REFUSED}
    if name := types.get(Status(mail.status)):
        said = {"mailId": mail.id, "messageId": mail.message_id, "invoiceNumbers": _invoice_numbers(mail)}
        tell(session, mail.organization_id, [News(name, said | ({"refused": refused} if refused else {}))])


def _invoice_numbers(mail: Mail) -> list[str]:
    return list(dict.fromkeys(one["invoice_number"] for one in mail.attachments))
