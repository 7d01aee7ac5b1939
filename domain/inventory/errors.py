from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from domain.jobs.work import PermanentError


class NotFound(PermanentError):
    """The organization has no such product, location or document."""


class Invalid(Exception):
    """Fields name what does not exist, or do not fit together; `errors` has the message of each."""

    def __init__(self, errors: Mapping[str, str]):
        super().__init__("; ".join(f"{field} {message}" for field, message in errors.items()))
        self.errors = dict(errors)


class Taken(Exception):
    """Another product or location of the organization has this `field`."""

    def __init__(self, noun: str, field: str):
        super().__init__(f"another {noun} has this {field}")
        self.field = field


class WrongStatus(PermanentError):
    """The document is in no state for what was asked; `status` says in which."""

    def __init__(self, number: str, status: str, wanted: str):
        super().__init__(f"{number} is {status}, not {wanted}")
        self.status = status


class JobAtWork(Exception):
    """A job that has not ended is at the document; `job_id` says which."""

    def __init__(self, number: str, job_id: int):
        super().__init__(f"job {job_id} is at work on {number}")
        self.job_id = job_id


class NotItsJob(PermanentError):
    """The document names another job, or none since its caller was told that this one had failed."""

    def __init__(self, number: str, job_id: int):
        super().__init__(f"job {job_id} no longer moves {number}: its caller was refused, or another job was submitted")


class ShortLine(NamedTuple):
    line_number: int
    sku: str
    asked: Decimal
    there: Decimal

    def __str__(self) -> str:
        return f"line {self.line_number}: product {self.sku}: {self.asked:f} asked for, {self.there:f} available"


class Shortage(PermanentError):
    """Less is available than the lines ask for; `lines` are the short ones."""

    def __init__(self, lines: Sequence[ShortLine]):
        super().__init__("; ".join(map(str, lines)))
        self.lines = lines
