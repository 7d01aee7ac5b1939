"""A mailbox is read mail by mail: each is one commit with its row, its bills and the mark of how far we have come.

A worker that dies loses the mail that it was at, and the next one begins there. What is done with a mail on its server
comes last, and again if nobody knows whether it was done.
"""

import random
from collections import deque
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from sqlalchemy.orm import Session

import settings
from db.jobs import ClaimedJob
from db.models import Mailbox, MailboxMail
from db.queries import run
from db.transaction import transaction
from domain.errors import Refusal
from domain.identity.quotas import OverQuota
from domain.jobs.admission import TooManyWaiting, admission
from domain.jobs.work import Later, Onward, Outcome, PermanentError
from domain.mailboxes import attachments, connecting, health, mails, registration
from domain.mailboxes.connecting import NoWay, seconds
from domain.mailboxes.credentials import Access
from domain.mailboxes.mails import Outcome as Result
from domain.mailboxes.reading import Unavailable
from domain.mailboxes.registration import KEEP, MOVE
from domain.mailboxes.taking import Taken, probe, take
from domain.shares import OverShare, Shares
from gateways.imap import Folder, Trouble

# A mail at which the connection breaks each time is passed over at last, if others can be read: else it is the server.
MAX_TROUBLES = 3
MAX_TIDIED = 500
ONE_MORE_S = 2.0
BROKE = f"the connection broke {MAX_TROUBLES} times while it was read: "


class Opened(NamedTuple):
    """The folder is open: of which UIDVALIDITY it is, and the access token that was asked for."""

    uid_validity: int
    access: Access | None


class Failed(NamedTuple):
    """The mailbox cannot be read further: why, and which mail may be at fault."""

    reason: str
    uid: int | None = None
    access: Access | None = None


class Ended(NamedTuple):
    """No mail is left: which were marked or moved on the server, and why the others were not."""

    tidied: list[int]
    remark: str | None = None


@cache
def places() -> Shares:
    """Return this process's places for mailboxes, a quarter of its threads, shared among organizations."""
    return Shares(max(2, settings.current().io_concurrency // 4))


class Sync:
    """One run over one mailbox."""

    def __init__(self, job: ClaimedJob):
        self._job = job
        self._done = job.progress
        self._uids: deque[int] = deque()
        self._folder: Folder | None = None
        self._give_back: Callable[[], None] = lambda: None

    def prepare(self, session: Session) -> Outcome | None:
        """Read the way into the mailbox; return the job's outcome if it is not read now."""
        mailbox = registration.find(session, self._job.organization_id, self._job.payload["mailboxId"])
        if mailbox is None or not mailbox.enabled:
            return _absent(mailbox)
        try:
            self._give_back = places().take(mailbox.organization_id)
        except OverShare:
            return Later(ONE_MORE_S * random.uniform(0.5, 1.5))  # noqa: S311
        self._id, self._epoch = mailbox.id, mailbox.epoch
        self._wanted, self._after = mailbox.filter, mailbox.after
        try:
            self._way = connecting.way(session, mailbox)
        except NoWay as lost:
            health.failed(session, mailbox, str(lost))
            return PermanentError(str(lost))
        return None

    def connect(self) -> Opened | Failed:
        """Open the folder."""
        try:
            self._folder, access = connecting.open_folder(self._way)
        except NoWay as error:
            return Failed(str(error), access=error.access)
        return Opened(self._folder.uid_validity, access)

    def onward(self) -> Onward:
        """Return the next thing to do: a mail, or what is done when none is left."""
        return Onward(self.next, self._done, self._done + len(self._uids) + 1)

    def next(self) -> Taken | Ended | Failed:
        """Take the next mail, or end."""
        folder, at_fault = self._folder, None
        assert folder  # noqa: S101
        try:
            if not self._uids:
                self._uids = deque(folder.uids(self._last_uid, seconds()))
            if not self._uids:
                return self._tidy(folder)
            uid = self._uids.popleft()
            if uid != self._suspect or self._can_read_another(folder):
                at_fault = uid
            return take(folder, uid, self._job.organization_id, self._id, self._wanted)
        except Trouble as trouble:
            return Failed(str(trouble), at_fault)
        except (OverQuota, Refusal, Unavailable) as refused:  # not the mail's fault: it is read another time
            return Failed(str(refused))

    def record(self, session: Session, found: Opened | Taken | Ended | Failed) -> Outcome | None:
        """Keep what was found; return the job's outcome, None if it goes on."""
        mailbox = registration.find(session, self._job.organization_id, self._id, locked=True)
        if mailbox is None or not mailbox.enabled:
            return _absent(mailbox)
        if mailbox.epoch != self._epoch:
            return Later(0.0)  # it is another server or folder by now
        self._wanted, self._after = mailbox.filter, mailbox.after
        if isinstance(found, Opened):
            self._begin(session, mailbox, found)
            return None
        if isinstance(found, Failed):
            return self._fail(session, mailbox, found)
        if isinstance(found, Ended):
            return self._end(session, mailbox, found)
        return self._keep(session, mailbox, found)

    def close(self) -> None:
        """Leave the server, and give back the place."""
        self._give_back()
        if self._folder:
            self._folder.close()

    def _can_read_another(self, folder: Folder) -> bool:
        """Return whether others wait and the last can be read; raise Trouble if the server gives that neither."""
        if self._uids:
            probe(folder, self._uids[-1])
        return bool(self._uids)

    def _begin(self, session: Session, mailbox: Mailbox, found: Opened) -> None:
        connecting.keep(session, mailbox, found.access)
        if mailbox.uid_validity != found.uid_validity:
            registration.begin_epoch(mailbox, found.uid_validity)
            session.flush()
        self._epoch, self._last_uid = mailbox.epoch, mailbox.last_uid
        self._suspect = mailbox.troubled_uid if mailbox.troubles >= MAX_TROUBLES - 1 else None

    def _keep(self, session: Session, mailbox: Mailbox, taken: Taken) -> Outcome | None:
        if mailbox.last_uid >= taken.uid:
            return Later(0.0)  # somebody has read it meanwhile
        try:
            admission.admit(session, mailbox.organization_id)
        except TooManyWaiting as full:
            return Later(full.pause)
        is_new = taken.outcome == Result.IMPORTED and taken.letter
        if is_new and (known := mails.known(session, mailbox.id, is_new.hash)):
            taken = taken._replace(outcome=Result.SKIPPED, reason=known.told, stored=())
        self._write(session, mailbox, taken)
        self._last_uid = taken.uid
        self._done += 1
        return None

    def _write(self, session: Session, mailbox: Mailbox, taken: Taken) -> None:
        letter = taken.letter
        mail = MailboxMail(
            organization_id=mailbox.organization_id,
            mailbox_id=mailbox.id,
            epoch=mailbox.epoch,
            uid_validity=mailbox.uid_validity,
            uid=taken.uid,
            size=taken.size,
            outcome=taken.outcome,
            reason=taken.reason,
            is_untidy=taken.outcome == Result.IMPORTED and mailbox.after != KEEP,
            attachments=attachments.receive(session, mailbox.organization_id, list(taken.stored)),
        )
        if letter:
            mail.message_id, mail.hash = letter.message_id, letter.hash or None
            mail.subject, mail.sender, mail.date = letter.subject, letter.sender, letter.date
        session.add(mail)
        mailbox.last_uid, mailbox.troubled_uid, mailbox.troubles = taken.uid, None, 0
        setattr(mailbox, taken.outcome, getattr(mailbox, taken.outcome) + 1)
        session.flush()

    def _fail(self, session: Session, mailbox: Mailbox, failed: Failed) -> Outcome:
        connecting.keep(session, mailbox, failed.access)
        if failed.uid is not None:
            mailbox.troubles = mailbox.troubles + 1 if mailbox.troubled_uid == failed.uid else 1
            mailbox.troubled_uid = failed.uid
            if mailbox.troubles >= MAX_TROUBLES:
                self._write(session, mailbox, Taken(failed.uid, 0, Result.UNREADABLE, BROKE + failed.reason))
                return Later(0.0)
        health.failed(session, mailbox, failed.reason)
        return PermanentError(failed.reason)

    def _end(self, session: Session, mailbox: Mailbox, ended: Ended) -> Outcome:
        if ended.tidied:
            run(session, "tidy_mails", mailbox_id=mailbox.id, epoch=mailbox.epoch, uids=ended.tidied)
        health.succeeded(session, mailbox, ended.remark)
        return {"mails": self._done}

    def _tidy(self, folder: Folder) -> Ended:
        with transaction() as session:
            rows = run(session, "list_untidy_mails", mailbox_id=self._id, epoch=self._epoch, limit=MAX_TIDIED)
        uids = [row.uid for row in rows]
        if not uids or self._after == KEEP:
            return Ended([])
        try:
            if self._after.startswith(MOVE):
                folder.move(uids, self._after.removeprefix(MOVE), seconds())
            else:
                folder.mark_seen(uids, seconds())
        except Trouble as trouble:
            return Ended([], f"all mails were read, but not marked or moved: {trouble}")
        return Ended(uids)


def _absent(mailbox: Mailbox | None) -> Outcome:
    return {"status": "disabled" if mailbox else "deleted"}
