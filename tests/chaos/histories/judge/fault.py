from typing import NamedTuple


class Fault(NamedTuple):
    """A broken promise: its short name, and the evidence."""

    name: str
    evidence: str

    def __str__(self) -> str:
        return f"{self.name}: {self.evidence}"
