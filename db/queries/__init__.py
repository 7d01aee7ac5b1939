"""The SQL, one verb a file, in a folder for each capability. A file's name is its own over all folders."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, LiteralString, TypeVar, cast

import psycopg
from psycopg.rows import args_row, namedtuple_row
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.orm import Session

from db import traces
from db.engine import leads_nowhere

FOLDER = Path(__file__).parent
MAX_VALUES_FOR_A_KEPT_PLAN = 20
Row = TypeVar("Row")


def run(session: Session | psycopg.Connection, name: str, /, **parameters: Any) -> Sequence[Any]:
    """Run `name`.sql in the transaction of a session, or of a psycopg connection; return its rows as named tuples.

    Straight through the driver, which prepares it once a connection: SQLAlchemy would cost more than the statement.
    For many rows it is planned anew, as a plan made for small tables would read them whole for each row once they have
    grown. A session's errors are SQLAlchemy's all the same, and a broken connection empties its pool.
    """
    return _run(session, name, parameters, namedtuple_row)


def fetch(session: Session | psycopg.Connection, row: type[Row], name: str, /, **parameters: Any) -> list[Row]:
    """Run `name`.sql as `run` does; return its rows as objects of type `row`, given the columns in their order."""
    return cast(list[Row], _run(session, name, parameters, args_row(row)))


def _run(session: Session | psycopg.Connection, name: str, parameters: dict[str, Any], factory: Any) -> Sequence[Any]:
    if isinstance(session, psycopg.Connection):
        return _execute(session, name, parameters, factory)
    connection = session.connection()
    try:
        return _execute(connection.connection, name, parameters, factory)
    except psycopg.Error as error:
        raise failure(connection, name, error) from error


def _execute(line: Any, name: str, parameters: dict[str, Any], factory: Any) -> Sequence[Any]:
    cursor = line.cursor(row_factory=factory)
    many = any(isinstance(value, list) and len(value) > MAX_VALUES_FOR_A_KEPT_PLAN for value in parameters.values())
    with traces.statement(name):
        cursor.execute(statement(name), parameters, prepare=False if many else None)
    # Not `cursor.description`: making it would cost as much as reading the rows.
    return cursor.fetchall() if cursor.pgresult and cursor.pgresult.nfields else []


def failure(connection: Connection, name: str, error: psycopg.Error) -> StatementError:
    """Return SQLAlchemy's error for the driver's; a connection that it has broken or made useless is given up."""
    broken = bool(connection.connection.closed) or leads_nowhere(error)  # type: ignore[attr-defined]
    if broken:
        connection.invalidate(error)
        connection.engine.dispose()  # the others in the pool lead to the same server
    return DBAPIError.instance(name, None, error, psycopg.Error, hide_parameters=True, connection_invalidated=broken)


@cache
def statement(name: str) -> LiteralString:
    """Return the text of `name`.sql, read once a process."""
    return cast(LiteralString, next(FOLDER.glob(f"*/{name}.sql")).read_text())
