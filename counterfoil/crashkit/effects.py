"""What work has left behind in a database, as numbers that are the same however often its worker died."""

from typing import Any

import psycopg
from psycopg import sql

# What the queue keeps for itself: how a job got to its end, which a death may change. And the writes of files: one that
# nobody lived to keep is collected after a day.
QUEUE_TABLES = frozenset(
    {
        "alembic_version",
        "canaries",
        "completed_jobs",
        "file_writes",
        "idempotency_keys",
        "incidents",
        "job_attempts",
        "jobs",
        "open_jobs",
        "outbox",
        "pauses",
        "processes",
        "relay_state",
        "run_statistics",
        "wait_statistics",
    }
)
# Ids have gaps where a transaction was rolled back, and transactions are other ones, so neither is summed up.
COLUMNS = """
    SELECT c.relname, coalesce(array_agg(a.attname ORDER BY a.attnum) FILTER (
        WHERE format_type(a.atttypid, NULL) IN ('smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision')
            AND a.attname !~ '(^|_)id$' AND a.attidentity = ''
            AND coalesce(pg_get_expr(d.adbin, d.adrelid), '') !~ 'nextval|pg_current_xact_id'), '{}')
    FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
        AND c.relname <> ALL (%s) GROUP BY c.relname"""
FURTHER_JOBS = "SELECT 'further jobs of ' || kind, count(*) FROM jobs WHERE id <> %s GROUP BY kind"

Effects = dict[str, Any]


def effects(connection: psycopg.Connection, job_id: int) -> Effects:
    """Return the rows of each table, the sum of each of its columns of numbers, and the jobs beside `job_id`."""
    found: Effects = dict(connection.execute(FURTHER_JOBS, [job_id]).fetchall())
    for table, columns in connection.execute(COLUMNS, [[*QUEUE_TABLES]]).fetchall():
        numbers = connection.execute(_sums(table, columns)).fetchone() or ()
        names = [f"rows of {table}", *(f"sum of {table}.{column}" for column in columns)]
        found |= dict(zip(names, numbers, strict=True))
    return found


def _sums(table: str, columns: list[str]) -> sql.Composed:
    sums = [sql.SQL("sum(CAST({} AS numeric))").format(sql.Identifier(column)) for column in columns]
    what = sql.SQL(", ").join([sql.SQL("count(*)"), *sums])
    return sql.SQL("SELECT {} FROM {}").format(what, sql.Identifier(table))


def difference(found: Effects, expected: Effects) -> str:
    """Say where two databases differ, "" if they do not."""
    names = sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
    return "; ".join(f"{name}: {found.get(name, 0)}, not {expected.get(name, 0)}" for name in names)
