"""The SQL of the queue and the ledger, one verb a file."""

from functools import cache
from pathlib import Path

from sqlalchemy import TextClause, text

FOLDER = Path(__file__).parent


@cache
def query(name: str) -> TextClause:
    """Return the statement of `name`.sql, read once a process."""
    return text((FOLDER / f"{name}.sql").read_text())
