"""The second wall between organizations: with the application's own filter taken away, nothing of others is seen."""

import re

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from db import acting
from db.transaction import transaction
from tests import chain
from tests.caller import Caller
from tests.conftest import execute
from tests.integration.http.cases import CASES, OWN
from tests.integration.http.test_api_isolation import _ids, owned, places  # noqa: F401
from tests.tenant import Tenant

OWNED = """
    SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = CAST('public' AS regnamespace)
    AND NOT relrowsecurity AND EXISTS (
        SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND attname = 'organization_id' AND NOT attisdropped)
"""
# Where organizations stand in one queue; and the weeks, which the parts cannot name.
OPEN = re.compile(r"outbox|(completed_jobs|events)_\d{4}_\d\d_\d\d")
FILTER = re.compile(r"(?:\w+\.)?organization_id = (?:%\(\w+\)s(?:::\w+)?|\$\d+)")


def test_every_table_of_rows_that_belong_to_an_organization_has_the_wall(database: str) -> None:
    assert [name for (name,) in chain.rows(OWNED) if not OPEN.fullmatch(name)] == []


def test_without_the_filters_of_the_application_nothing_of_others_is_seen_or_changed(
    organization: Tenant,
    places: dict[str, int],  # noqa: F811
    stranger: Caller,
    other_organization: Tenant,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before, stripped = owned(organization), 0
    execute = psycopg.Cursor.execute

    def without_filter(cursor, query, *arguments, **options):
        nonlocal stripped
        if isinstance(query, str):
            query, times = FILTER.subn("true", query)
            stripped += times
        return execute(cursor, query, *arguments, **options)

    monkeypatch.setattr(psycopg.Cursor, "execute", without_filter)
    wrong = []
    for name, case in CASES.items():
        body = case.body(places) if case.body else None
        answer = stranger.send(name.split()[0], case.path.format(**places), body)
        if case.answer is OWN:
            foreign = {one["id"] for one in answer.json} - _ids(other_organization, name)
        else:
            foreign = {"status"} if answer.status_code < 300 <= case.status else set()
        if foreign or (b"GB-1" in answer.data and not name.startswith("POST /api/v1/parties/clients")):
            wrong.append((name, answer.status_code, answer.json))
    monkeypatch.undo()
    assert wrong == []
    assert stripped > 100
    assert owned(organization) == before


def test_a_confined_transaction_changes_and_writes_no_row_of_another(
    organization: Tenant, other_organization: Tenant
) -> None:
    every = text("UPDATE templates SET name = name RETURNING organization_id")
    foreign = text("INSERT INTO accounts (organization_id, code, name, type) VALUES (:id, '9999', 'x', 'expense')")
    with acting.confined(organization.id), transaction() as session:
        assert set(session.execute(every).scalars()) == {organization.id}
        with pytest.raises(ProgrammingError, match="row-level security"):
            session.execute(foreign, {"id": other_organization.id})


def test_the_planner_expects_all_rows_that_the_filter_has_let_through(organization: Tenant, database: str) -> None:
    """Or it would read a whole table for each row, as it expects a single one."""
    many = "SELECT {}, n::text, 'x', 'expense' FROM generate_series(10000, 14999) AS n"
    execute(database, f"INSERT INTO accounts (organization_id, code, name, type) {many.format(organization.id)}")
    execute(database, "ANALYZE accounts")
    explained = text("EXPLAIN (FORMAT JSON) SELECT FROM accounts WHERE organization_id = :id")
    with acting.confined(organization.id), transaction() as session:
        [plan] = session.execute(explained, {"id": organization.id}).scalar_one()
    assert plan["Plan"]["Plan Rows"] > 4500
