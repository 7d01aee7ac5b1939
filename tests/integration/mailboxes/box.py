"""A mailbox as its owner sees it, and the work behind it done in this process."""

from dataclasses import dataclass
from typing import Any

from domain.mailboxes.owing import KIND
from tests import chain
from tests.caller import Caller
from tests.integration.mailboxes.servers import PASSWORD, USER

PATH = "/api/v1/mailboxes"
BILLS = "SELECT count(*) FROM bills"
JOBS = "SELECT status, error FROM jobs WHERE kind = 'email.sync' ORDER BY id"


def body(port: int, **changes: Any) -> dict[str, Any]:
    """Return the request for a mailbox; a change to None takes the field away."""
    given = {"name": "Bills", "host": "localhost", "port": port, "user": USER, "password": PASSWORD} | changes
    return {name: value for name, value in given.items() if value is not None}


DUE = "SELECT count(*) FROM jobs WHERE kind = 'email.sync' AND status = 'PENDING' AND available_at <= clock_timestamp()"


def read_all() -> None:
    """Run what waits until nothing does: on a slow machine a job is released after half of its time."""
    while chain.value(DUE):
        chain.run_waiting(KIND)


@dataclass
class Box:
    caller: Caller
    port: int
    id: int

    @classmethod
    def create(cls, caller: Caller, port: int, **changes: Any) -> "Box":
        answer = caller.post(PATH, body(port, **changes))
        assert answer.status_code == 201, answer.json
        return cls(caller, port, answer.json["id"])

    @property
    def path(self) -> str:
        return f"{PATH}/{self.id}"

    def now(self) -> dict[str, Any]:
        return self.caller.get(self.path).json

    def change(self, **changes: Any) -> Any:
        return self.caller.put(self.path, body(**{"port": self.port, **changes}))

    def sync(self) -> dict[str, Any]:
        """Have the mailbox read; return it as it is then."""
        answer = self.caller.post(f"{self.path}/sync")
        assert answer.status_code == 202, answer.json
        read_all()
        return self.now()

    def mails(self, query: str = "") -> list[dict[str, Any]]:
        """Return the mails that were read, the first one first."""
        return self.caller.get(f"{self.path}/mails{query}").json[::-1]

    def outcomes(self) -> list[str]:
        return [mail["outcome"] for mail in self.mails()]
