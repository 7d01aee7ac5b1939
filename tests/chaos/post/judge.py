"""What must be so in the end: each paper is one bill that was booked, each mail taken once and sent under one id."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from tests.chaos.post.senders import Sent
from tests.faults.load import fetch

BILLS = "SELECT encode(sha256, 'hex'), id, status, message FROM bills WHERE organization_id = %s"
BOOKED = """
    SELECT bills.id, count(DISTINCT s.source_id), count(e.id) FROM bills
    LEFT JOIN accounting_sources AS s ON (s.source_type, s.source_id) = ('bill', bills.id)
    LEFT JOIN journal_entries AS e ON (e.source_type, e.source_id) = ('bill', bills.id) AND e.deleted_at IS NULL
    WHERE bills.organization_id = %s GROUP BY 1 HAVING (count(DISTINCT s.source_id), count(e.id)) <> (1, 1)"""
ENDS_TOLD = """
    SELECT bills.id, array_agg(e.type) FROM bills LEFT JOIN events AS e ON e.organization_id = bills.organization_id
        AND e.type IN ('bill.processed', 'bill.needs_review') AND (e.data ->> 'billId')::bigint = bills.id
    WHERE bills.organization_id = %s GROUP BY 1 HAVING count(e.id) <> 1"""
TAKEN = """
    SELECT message_id, outcome, reason, attachments FROM mailbox_mails
    WHERE organization_id = %s AND coalesce(reason, '') NOT LIKE 'it is the same as the mail %%'"""
MAILS = "SELECT id, subject, message_id, status FROM mails WHERE organization_id = %s"
RUNS = (
    "SELECT id, automation_id, status, error FROM automation_runs WHERE organization_id = %s AND status <> 'succeeded'"
)
EVENTS = "SELECT sequence, id::text FROM events WHERE organization_id = %s"

Delivered = Sequence[tuple[int, int, str]]


def faults(sent: Sent, received: Sequence[Any], delivered: Delivered) -> Iterator[str]:
    """Yield what is lost, doubled or wrong of one organization.

    `received` are the messages of the relay, `delivered` (organization, sequence, event) what webhooks brought.
    """
    bills = _bills(sent.tenant.id)
    yield from _of_papers(sent, bills)
    yield from _of_mailbox(sent, bills)
    yield from _of_mails(sent, bills, received)
    yield from _of_events(sent.tenant.id, delivered)
    for statement, told in (
        (BOOKED, "a bill has not exactly one accounting document and entry"),
        (ENDS_TOLD, "not told once how the reading of a bill ended"),
        (RUNS, "a run of an automation did not succeed"),
    ):
        for row in fetch(statement, sent.tenant.id):
            yield f"{told}: {row}"


def _bills(organization_id: int) -> dict[str, int]:
    return {digest: bill_id for digest, bill_id, _, _ in fetch(BILLS, organization_id)}


def _of_papers(sent: Sent, bills: dict[str, int]) -> Iterator[str]:
    for digest, ids in sent.uploads.items():
        if ids and ids != {bills.get(digest)}:
            yield f"an upload was told to be the bills {ids} and is {bills.get(digest)}"
    known = {*sent.uploads, *(digest for brought in sent.posted.values() for digest in brought)}
    yield from (f"nobody has sent bill {bill_id}" for digest, bill_id in bills.items() if digest not in known)
    for _, bill_id, status, message in fetch(BILLS, sent.tenant.id):
        if status != "approved":
            yield f"bill {bill_id} is {status}: {message}"


def _of_mailbox(sent: Sent, bills: dict[str, int]) -> Iterator[str]:
    rows = fetch(TAKEN, sent.tenant.id)
    times = Counter(message_id for message_id, *_ in rows)
    for message_id, brought in sent.posted.items():
        if times[message_id] != 1:
            yield f"mail {message_id} was taken {times[message_id]} times"
        if lost := [digest for digest in brought if digest not in bills]:
            yield f"of mail {message_id} these attachments are lost: {lost}"
    for message_id, outcome, reason, attachments in rows:
        wanted = [bills.get(digest) for digest in sent.posted.get(message_id, ())]
        if outcome != "imported" or [one["bill_id"] for one in attachments] != wanted:
            yield f"mail {message_id} is {outcome} ({reason}) with {attachments}, not with the bills {wanted}"


def _of_mails(sent: Sent, bills: dict[str, int], received: Sequence[Any]) -> Iterator[str]:
    rows = fetch(MAILS, sent.tenant.id)
    subjects: dict[str, list[int]] = {}
    for mail_id, subject, _, _ in rows:
        subjects.setdefault(subject, []).append(mail_id)
    wanted = {f"Bill {bill_id}": None for bill_id in bills.values()}
    wanted |= {subject: ids for subject, ids in sent.mails.items() if ids}
    for subject, ids in wanted.items():
        if len(subjects.get(subject, [])) != 1 or (ids and ids != {*subjects[subject]}):
            yield f"mail {subject!r} was owed as {subjects.get(subject)}, told {ids}"
    if strange := subjects.keys() - wanted.keys() - sent.mails.keys():
        yield f"nobody has asked for the mails {strange}"
    came = {(str(one["message-id"]), str(one["subject"])) for one in received}
    for mail_id, subject, message_id, status in rows:
        if status != "sent" or (message_id, subject) not in came:
            yield f"mail {mail_id} is {status}, and {'came' if (message_id, subject) in came else 'did not come'}"
    own = {subject for _, subject, _, _ in rows}
    known = {message_id for _, _, message_id, _ in rows}
    yield from (f"{one} came under an id of nobody" for one in came if one[1] in own and one[0] not in known)


def _of_events(organization_id: int, delivered: Delivered) -> Iterator[str]:
    told = fetch(EVENTS, organization_id)
    if sorted(sequence for sequence, _ in told) != list(range(1, len(told) + 1)):
        yield f"the events of organization {organization_id} are not numbered from 1 to {len(told)}"
    came = {(sequence, event) for organization, sequence, event in delivered if organization == organization_id}
    if came != {*told}:
        yield f"of {len(told)} events {len({*told} - came)} did not come, and {len(came - {*told})} others did"


def delivered(requests: Sequence[bytes]) -> Delivered:
    """Return what each request of a webhook brought."""
    events = [json.loads(request.partition(b"\r\n\r\n")[2]) for request in requests]
    return [(one["organizationId"], one["sequence"], one["id"]) for one in events]
