"""PostgreSQL in a folder: no installation, no system user, gone when its holder is."""

import secrets
import shutil
import signal
from collections.abc import Callable, Mapping
from pathlib import Path

import psycopg

from local.binaries import postgres_programs
from local.process import LOOPBACK, Child, StartFailed, free_port, run
from local.secret import write_secret
from local.server_folder import FolderInUse, ServerFolder
from settings import ConfigurationError

NAME = "counterfoil"
# Under this role the parts connect; `counterfoil migrate` makes it.
PART = "counterfoil_part"
PASSWORD_FILES = {NAME: "password", PART: "part_password"}
ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC"}
CLUSTER = [
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--auth=scram-sha-256",
]
SETTINGS = {
    "unix_socket_directories": "",
    "fsync": "on",
    "synchronous_commit": "on",
    "max_connections": "100",
    "shared_buffers": "128MB",
    # Else the log repeats the values of rows that break a constraint: names, tax ids.
    "log_error_verbosity": "terse",
}


class EmbeddedPostgres(Child):
    """A PostgreSQL whose committed rows outlive every kill of it and of its holder."""

    name = "postgres"
    host = LOOPBACK
    is_server = True
    stop_signal = signal.SIGINT
    # An immediate shutdown takes the backends along; a SIGKILL would leave them to themselves.
    insist_signal = death_signal = signal.SIGQUIT

    def __init__(
        self,
        data_dir: Path,
        port: int | None = None,
        settings: Mapping[str, str] | None = None,
        on_line: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__(on_line)
        self.port = port
        self.settings = {**SETTINGS, **(settings or {})}
        self._folder = ServerFolder(Path(data_dir).absolute())

    @property
    def url(self) -> str:
        """Return the URL of the application's database under the role that owns it, password included."""
        return self._url(NAME)

    @property
    def part_url(self) -> str:
        """Return the URL of the application's database under the role of the parts, password included."""
        return self._url(NAME, PART)

    def _url(self, database: str, role: str = NAME) -> str:
        password = (self._folder.path / PASSWORD_FILES[role]).read_text()
        return f"postgresql://{role}:{password}@{self.host}:{self.port}/{database}"

    def start(self) -> None:
        """Return when the application's database takes connections; raise StartFailed with its log."""
        super().start()
        self._create_database()

    def stop(self) -> None:
        """Return when the server is gone and the folder is free for the next one."""
        super().stop()
        self._folder.release()

    def command(self) -> list[str]:
        """Return the server's command line, its folder locked and filled."""
        try:
            self._folder.lock(self.stop_timeout)
        except FolderInUse as error:
            raise StartFailed(f"postgres did not start: {error}") from None
        cluster = self._folder.path / "cluster"
        if not cluster.exists():
            self._make_cluster()
        self._require_own_version(cluster)
        # We hold the lock, so no server of this folder lives; the pid in there may be anybody's by now.
        (cluster / "postmaster.pid").unlink(missing_ok=True)
        self.port = self.port or free_port()
        settings = {**self.settings, "listen_addresses": self.host, "port": self.port}
        options = [f"--{name}={value}" for name, value in settings.items()]
        return [
            str(postgres_programs() / "postgres"),
            "-D",
            self._folder.seen_by_server() + "/cluster",
            *options,
        ]

    def environment(self) -> Mapping[str, str]:
        """Return an environment without the PG* variables of the caller."""
        return ENVIRONMENT

    def spawn_options(self) -> dict:
        """Return who the server runs as, and the folder it inherits."""
        return self._folder.spawn_options()

    def is_ready(self) -> bool:
        """Return whether the server takes connections."""
        try:
            psycopg.connect(self._url("postgres"), connect_timeout=1).close()
        except psycopg.OperationalError:
            return False
        return True

    def _require_own_version(self, cluster: Path) -> None:
        made_by = (cluster / "PG_VERSION").read_text().strip()
        ours = run([str(postgres_programs() / "postgres"), "--version"], env=ENVIRONMENT).stdout.split()[-1]
        if made_by != ours.split(".")[0]:
            raise ConfigurationError(
                f"{cluster} was made by PostgreSQL {made_by}, and this one is {ours}: dump it with version {made_by},"
                " or choose another --data-dir"
            )

    def _make_cluster(self) -> None:
        unfinished = self._folder.path / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        for name in PASSWORD_FILES.values():
            write_secret(self._folder.path / name, secrets.token_urlsafe(24))
            self._folder.hand_over(name)
        self._initdb(unfinished.name, PASSWORD_FILES[NAME])
        unfinished.rename(self._folder.path / "cluster")

    def _initdb(self, cluster: str, password: str) -> None:
        folder = self._folder.seen_by_server()
        places = [f"--pgdata={folder}/{cluster}", f"--pwfile={folder}/{password}", f"--username={NAME}"]
        command = [str(postgres_programs() / "initdb"), *CLUSTER, *places]
        made = run(command, env=ENVIRONMENT, **self._folder.spawn_options())
        if made.returncode:
            words = made.stderr.splitlines()
            reason = next((line for line in reversed(words) if "error" in line), "initdb failed")
            raise StartFailed(f"postgres did not start: {reason}", words)

    def _create_database(self) -> None:
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone():
                connection.execute(f"CREATE DATABASE {NAME}")
