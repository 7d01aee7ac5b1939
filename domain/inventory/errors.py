from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from domain.errors import Conflict, told


class WrongStatus(Conflict):
    """The document is in no state for what was asked."""

    def __init__(self, number: str, status: str, wanted: str):
        super().__init__(f"{number} is {status}, not {wanted}", documentStatus=status)


class Undoing(Conflict):
    """A job is putting back the half of the document that was done."""

    def __init__(self, number: str, undo_job_id: int):
        message = f"{number} is undoing: job {undo_job_id} puts its lines back; if that job has ended, retry it"
        super().__init__(message, documentStatus="undoing", jobId=undo_job_id)


class JobAtWork(Conflict):
    """A job that has not ended is at the document."""

    def __init__(self, number: str, job_id: int):
        super().__init__(f"job {job_id} is at work on {number}", jobId=job_id)


class NotItsJob(Conflict):
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


class Shortage(Conflict):
    """Less is available than the lines ask for; `lines` are the short ones."""

    def __init__(self, lines: Sequence[ShortLine]):
        errors = {f"lines[{line.line_number - 1}].quantity": [str(line)] for line in lines}
        super().__init__(told(map(str, lines)), errors)
        self.lines = lines
