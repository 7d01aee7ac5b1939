"""A second server that follows the first by streaming replication, asynchronously, until it is promoted."""

import shutil
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url

from local.binaries import postgres_programs
from local.postgres import ENVIRONMENT, EmbeddedPostgres
from local.process import LOOPBACK, run
from tests.waiting import wait_until

SERVER = {"fsync": "off", "max_connections": "60"}


class Standby(EmbeddedPostgres):
    """Holds what has reached it of the primary's commits; reads are answered, writes refused."""

    def __init__(self, data_dir: Path, primary: EmbeddedPostgres, database_url: str) -> None:
        super().__init__(data_dir, settings=SERVER)
        self._primary, self._primary_port = database_url, primary.port

    @property
    def database_url(self) -> str:
        """Return the address of the primary's database on this server."""
        return make_url(self._primary).set(port=self.port).render_as_string(hide_password=False)

    @property
    def both(self) -> str:
        """Return the address of both servers, of which the one is used that takes writes."""
        first = f"{LOOPBACK}:{self._primary_port}"
        servers = self._primary.replace(first, f"{first},{LOOPBACK}:{self.port}")
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
        with psycopg.connect(self._primary, autocommit=True) as primary:
            written = primary.execute("SELECT pg_current_wal_lsn()").fetchone()
        return bool(self._ask("SELECT 1 WHERE pg_last_wal_replay_lsn() >= %s", *(written or ())))

    def _make_cluster(self) -> None:
        password = self._folder.path / "password"
        password.touch(mode=0o600)
        password.write_text(make_url(self._primary).password or "")
        self._folder.hand_over(password.name)
        unfinished = self._folder.path / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        target = f"{self._folder.seen_by_server()}/{unfinished.name}"
        program = str(postgres_programs() / "pg_basebackup")
        command = [
            program,
            f"--dbname={self._primary}",
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
