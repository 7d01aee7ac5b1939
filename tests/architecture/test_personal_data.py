"""Each column that can hold text is in the register of personal data, and the register is what the document says."""

import re
from collections import Counter
from collections.abc import Iterator

from sqlalchemy import ARRAY, LargeBinary, Text
from sqlalchemy.dialects.postgresql import INET, JSONB

from db.models import Base
from domain.personal_data.register import IMPERSONAL, KINDS, Kind
from tests.architecture.sources import ROOT

DOCUMENT = ROOT / "docs" / "personal-data.md"
HOLDS_TEXT = (Text, JSONB, LargeBinary, INET)


def holds_text(column_type: object) -> bool:
    inner = column_type.item_type if isinstance(column_type, ARRAY) else column_type
    return isinstance(inner, HOLDS_TEXT)


def columns() -> Counter[str]:
    return Counter(
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if holds_text(column.type)
    )


def named(tables: dict[str, str]) -> Iterator[str]:
    for table, names in tables.items():
        yield from (f"{table}.{name}" for name in names.split())


def registered() -> Counter[str]:
    return Counter(one for tables in (*(kind.columns for kind in KINDS.values()), IMPERSONAL) for one in named(tables))


def test_every_column_that_can_hold_text_is_registered_once() -> None:
    assert sorted(columns() - registered()) == [], "say in domain/personal_data/register.py what they hold of persons"
    assert sorted(registered() - columns()) == [], "no such column, or it is registered twice"


def test_the_walk_sees_every_kind_of_column() -> None:
    seen = columns()
    assert {"clients.email", "jobs.payload", "bills.reading", "user_sessions.address", "bill_suppliers.ibans"} <= {
        *seen
    }
    assert "invoices.total" not in seen


def row(name: str, kind: Kind) -> str:
    where = "; ".join(f"{table}: {', '.join(names.split())}" for table, names in kind.columns.items())
    return "| " + " | ".join([name, f"`{where}`", *kind[1:]]) + " |"


def test_the_document_has_the_same_table() -> None:
    rows = re.findall(r"^(\| [a-z ]+ \| `.*)\n", DOCUMENT.read_text(), re.MULTILINE)
    assert rows == [row(name, kind) for name, kind in KINDS.items()]
