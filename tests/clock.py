"""A clock of one test's database that can be put back: its sessions find these functions before the server's own."""

import psycopg
from psycopg.conninfo import conninfo_to_dict

from db import engine as db_engine

CLOCK = """
    CREATE SCHEMA shifted;
    CREATE TABLE shifted.clock (step interval NOT NULL);
    INSERT INTO shifted.clock VALUES ('0');
    CREATE FUNCTION shifted.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
        AS 'SELECT pg_catalog.clock_timestamp() + step FROM shifted.clock';
    CREATE FUNCTION shifted.statement_timestamp() RETURNS timestamptz LANGUAGE sql STABLE
        AS 'SELECT pg_catalog.statement_timestamp() + step FROM shifted.clock';
    GRANT USAGE ON SCHEMA shifted TO PUBLIC;
    GRANT SELECT ON shifted.clock TO PUBLIC"""
# A default is bound to its function when the column is made.
DEFAULTS = """
    SELECT format('ALTER TABLE %I ALTER COLUMN %I SET DEFAULT shifted.clock_timestamp()', table_name, column_name)
    FROM information_schema.columns WHERE table_schema = 'public' AND column_default = 'clock_timestamp()'"""


class Clock:
    """The clock by which every session of the database goes that is opened from now on.

    `database_url` is its owner's.
    """

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(CLOCK)
            for (change,) in connection.execute(DEFAULTS).fetchall():
                connection.execute(change)
            name = conninfo_to_dict(database_url)["dbname"]
            connection.execute(f"ALTER DATABASE {name} SET search_path = shifted, public, pg_catalog")
        db_engine.engine().dispose()

    def put(self, by: str) -> None:
        """Put the clock ahead or, with a negative interval, back."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute("UPDATE shifted.clock SET step = step + CAST(%s AS interval)", [by])
