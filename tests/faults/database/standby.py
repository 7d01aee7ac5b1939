"""A second server that follows the first by streaming replication, asynchronously, until it is promoted."""

import shutil
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url

from local.binaries import postgres_programs
from local.postgres import ENVIRONMENT, NAME, PART, PASSWORD_FILES, EmbeddedPostgres
from local.process import run
from local.secret import write_secret
from tests.waiting import wait_until


class Standby(EmbeddedPostgres):
    """Holds what has reached it of the primary's commits; reads are answered, writes refused."""

    def __init__(self, data_dir: Path, primary: EmbeddedPostgres) -> None:
        super().__init__(data_dir, settings=primary.settings)
        self._primary = primary

    def at(self, database_url: str) -> str:
        """Return the address of the same database on this server."""
        return make_url(database_url).set(host=self.host, port=self.port).render_as_string(hide_password=False)

    def both(self, database_url: str) -> str:
        """Return the address of the database on both servers, of which the one is used that takes writes."""
        first = f"{self._primary.host}:{self._primary.port}"
        servers = database_url.replace(first, f"{first},{self.host}:{self.port}")
        return f"{servers}?target_session_attrs=read-write"

    def promote(self) -> None:
        """Return when this server is the primary."""
        self._ask("SELECT pg_promote()")

    def stop_following(self) -> None:
        """Return when nothing more comes from the primary."""
        self._ask("ALTER SYSTEM SET primary_conninfo = ''")
        self._ask("SELECT pg_reload_conf()")
        wait_until(lambda: not self._ask("SELECT 1 FROM pg_stat_wal_receiver"), 10, "the standby still follows")

    def has_caught_up(self) -> bool:
        """Tell whether all that the primary has written so far has arrived here."""
        with psycopg.connect(self._primary.url, autocommit=True) as primary:
            written = primary.execute("SELECT pg_current_wal_lsn()").fetchone()
        return bool(self._ask("SELECT 1 WHERE pg_last_wal_replay_lsn() >= %s", *(written or ())))

    def _make_cluster(self) -> None:
        for url, name in ((self._primary.url, PASSWORD_FILES[NAME]), (self._primary.part_url, PASSWORD_FILES[PART])):
            write_secret(self._folder.path / name, make_url(url).password or "")
            self._folder.hand_over(name)
        unfinished = self._folder.path / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        target = f"{self._folder.seen_by_server()}/{unfinished.name}"
        program = str(postgres_programs() / "pg_basebackup")
        command = [
            program,
            f"--dbname={self._primary.url}",
            f"--pgdata={target}",
            "--write-recovery-conf",
            "--checkpoint=fast",
        ]
        copied = run(command, env=ENVIRONMENT, **self._folder.spawn_options())
        assert copied.returncode == 0, copied.stderr
        unfinished.rename(self._folder.path / "cluster")

    def _ask(self, statement: str, *parameters: object) -> list[tuple]:
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute(statement, parameters or None)
            return cursor.fetchall() if cursor.description else []
