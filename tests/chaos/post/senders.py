"""Those who send papers, mails and requests to an organization until they are told that each was taken."""

import itertools
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import requests
from imapclient import IMAPClient

from tests.chaos.histories.clients import Threaded
from tests.chaos.post import papers
from tests.chaos.post.servers import Post
from tests.checker import Accepted
from tests.tenant import Tenant

BETWEEN_REPEATS_S, PATIENCE_S = 0.3, 10.0
ACTS = {"upload": 6, "upload_again": 2, "write": 3, "post": 4, "sync": 3, "request": 2}
COME_AGAIN = (409, 429, 503)


@dataclass
class Sent:
    """What was sent to an organization, and what its senders were told.

    `uploads` are the ids of the bills by the digests of their files, `mails` those of the mails by their subjects: none
    where the sender has heard of none. `posted` are the digests in each mail of the mailbox by its Message-ID.
    """

    tenant: Tenant
    mailbox_id: int = 0
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    uploads: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    mails: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    posted: dict[str, list[str]] = field(default_factory=dict)
    requested: list[Accepted] = field(default_factory=list)

    @property
    def folder(self) -> str:
        return f"Bills of {self.tenant.id}"


class Sender(Threaded):
    """Does one thing after the other, as chance says, until it is told to stop; then it ends what it has begun."""

    def __init__(self, sent: Sent, post: Post, addresses: Sequence[str], rng: random.Random) -> None:
        self._sent, self._post, self._rng = sent, post, rng
        super().__init__(addresses)

    def work(self) -> None:
        """Send until it is told to stop."""
        while not self._stopping.wait(self._rng.uniform(0, 0.6)):
            [act] = self._rng.choices(list(ACTS), list(ACTS.values()))
            getattr(self, act)()

    def upload(self) -> None:
        paper = papers.paper(next(self._sent.numbers))
        self._upload(paper, papers.digest(paper))

    def upload_again(self) -> None:
        """Send a paper twice: its second sender has another key, or none."""
        paper = papers.paper(next(self._sent.numbers))
        self._upload(paper, papers.digest(paper))
        self._upload(paper, None)

    def _upload(self, paper: bytes, key: str | None) -> None:
        bills = self._sent.uploads[papers.digest(paper)]
        if told := self._ask("/api/v1/bills", key, files={"file": ("bill", paper)}):
            bills.add(told["billId"])

    def write(self) -> None:
        """Have a mail sent."""
        subject = f"Note {next(self._sent.numbers)} of {self._sent.tenant.id}"
        body = {"to": ["ada@example.com"], "subject": subject, "text": "Dear Ada"}
        mails = self._sent.mails[subject]
        if told := self._ask("/api/v1/mails", subject, json=body):
            mails.add(told["id"])

    def post(self) -> None:
        """Put a mail with one bill or two into the mailbox."""
        numbers = [next(self._sent.numbers) for _ in range(self._rng.randint(1, 2))]
        brought = [papers.paper(number) for number in numbers]
        message_id = f"<{numbers[0]}.{self._sent.tenant.id}@mill.example>"
        self._sent.posted[message_id] = [papers.digest(paper) for paper in brought]
        with suppress(OSError, IMAPClient.Error):
            self._post.put(self._sent.folder, papers.mail(message_id, *brought))

    def sync(self) -> None:
        """Ask once that the mailbox be read now."""
        with suppress(requests.RequestException):
            self._send(f"/api/v1/mailboxes/{self._sent.mailbox_id}/sync", None)

    def request(self) -> None:
        """Have an invoice issued."""
        number = next(self._sent.numbers)
        body = {
            "supplierId": self._sent.tenant.supplier_id,
            "client": {
                "name": f"Client {number % 5}",
                "addressLine1": "1 Main Street",
                "city": "Sofia",
                "country": "BG",
            },
            "items": [{"description": "Work", "quantity": 1, "unitPrice": number, "taxRate": "0.2"}],
        }
        key = f"request {number}"
        if told := self._ask("/api/v1/invoice-requests", key, json=body):
            self._sent.requested.append(Accepted(self._sent.tenant.id, told["requestId"], key))

    def _ask(self, path: str, key: str | None, **body: Any) -> Any:
        """Return what was told at last; None if it was told to stop before."""
        while not self._stopping.is_set():
            with suppress(requests.RequestException):
                answer = self._send(path, key, **body)
                if answer.ok:
                    return answer.json()
                assert answer.status_code in COME_AGAIN or answer.status_code >= 500, answer.text
            self._stopping.wait(BETWEEN_REPEATS_S)
        return None

    def _send(self, path: str, key: str | None, **body: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self._sent.tenant.key}"} | ({"Idempotency-Key": key} if key else {})
        url = f"http://{next(self._addresses)}{path}"
        return requests.post(url, headers=headers, timeout=PATIENCE_S, **body)
