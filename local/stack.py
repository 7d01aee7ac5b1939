"""`counterfoil up`: the whole stack as children of one process."""

import json
import socket
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict

import settings
from local.access import first_access, keep_access, kept_access
from local.broker import EmbeddedBroker
from local.client import Client
from local.output import Output
from local.part import COUNTERFOIL, Part
from local.postgres import EmbeddedPostgres
from local.process import LOOPBACK, StartFailed, free_port, is_free, run
from local.sample import filling
from local.sample.company import ORGANIZATION
from local.secret import write_secret
from local.server_folder import FolderInUse, ServerFolder
from local.supervisor import Supervisor
from local.watch import Watch
from settings import ConfigurationError, child_environment, variable

# As many may wait for the api while it is started again.
BACKLOG = 2048
SECRETS = ("apiKey", "password", "databaseUrl", "databaseOwnerUrl", "brokerUrl")


def up(data_dir: Path, port: int, workers: int, tell_all: bool, sample_data: bool) -> None:
    """Run the stack until SIGTERM or Ctrl-C; nothing of it is left then, whatever happens.

    A terminal is told no secret unless it is to be told all.
    """
    folder = ServerFolder(data_dir.absolute())
    try:
        folder.lock(patience=0)
    except FolderInUse:
        raise ConfigurationError(f"another `counterfoil up` runs on {data_dir}; give this one a --data-dir") from None
    except OSError as error:
        raise _unusable(data_dir, error) from None
    if port and not is_free(settings.current().api_host, port):
        raise ConfigurationError(
            f"port {port} is taken; choose another with --port or {variable('api_port')} (--port 0 takes a free one)"
        )
    console = Output(settings.current().log == "json")
    stack = Stack(folder.path, port or free_port(), workers, console, tell_all or not console.is_terminal)
    try:
        stack.run(sample_data)
    except KeyboardInterrupt:
        pass
    except OSError as error:  # the disk became full, or the folder read-only
        raise _unusable(data_dir, error) from None
    finally:
        folder.release()


def _unusable(data_dir: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(f"--data-dir {data_dir} cannot be used: {error.strerror or error}")


class Stack:
    """The parts of one installation: servers first, then the schema, then those who use them."""

    def __init__(self, data_dir: Path, port: int, workers: int, console: Output, tell_all: bool) -> None:
        self._data_dir = data_dir
        self._console = console
        self._tell_all = tell_all
        self._workers = workers
        self._port = port
        self._flower_port = free_port()
        self._postgres = EmbeddedPostgres(data_dir / "postgres", on_line=console.part("postgres"))
        self._broker = EmbeddedBroker(data_dir / "broker", on_line=console.part("broker"))
        self._url = f"http://{LOOPBACK}:{port}"
        self._flower_url = f"http://{LOOPBACK}:{self._flower_port}"

    def run(self, sample_data: bool) -> None:
        """Start all, say so in one line, make the sample company if it is wanted, and keep all alive."""
        address = (settings.current().api_host, self._port)
        with socket.create_server(address, backlog=BACKLOG) as listener, Supervisor(self._console) as supervisor:
            self._start_servers(supervisor)
            self._counterfoil("migrate", database_owner_url=self._owner_url)
            # The api needs no broker, so it knows of none: nobody gets into the broker by way of it.
            signing = self._key("signing_key", "signing")
            shared: dict[str, Any] = {"master_keys": self._key("master_keys", "master"), **self._storage()}
            parts = [self._part("api", listener=listener, signing_key=signing, **shared)]
            parts += [self._part(name, broker_url=self._broker_url) for name in ("relay", "beat")]
            workers = ("worker", "io", "ocr")
            parts += [self._part(name, broker_url=self._broker_url, **shared) for name in workers]
            parts += [self._part("flower", health=self._flower_url, broker_url=self._flower_broker_url)]
            supervisor.start_together(parts)
            facts = self._facts(parts)
            self._console.announce("ready " + json.dumps(self._told(facts)))
            if sample_data:
                self._fill()
            watch = Watch(Client(self._url, facts["apiKey"]), parts[0])
            supervisor.run(lambda: watch.hanging)

    def _start_servers(self, supervisor: Supervisor) -> None:
        if not settings.current().database_url:
            supervisor.start(self._postgres)
        if not settings.current().broker_url:
            supervisor.start(self._broker)
        given = settings.current()
        self._database_url = given.database_url or self._postgres.part_url
        self._owner_url = given.database_owner_url or given.database_url or self._postgres.url
        self._broker_url = given.broker_url or self._broker.url
        self._flower_broker_url = given.broker_url or self._broker.flower_url

    def _environment(self, **secrets: str) -> dict[str, str]:
        """Return a child's environment: of the addresses and keys it has the database's and those given."""
        values = {
            "database_url": self._database_url,
            "database_owner_url": "",
            "broker_url": "",
            "master_keys": "",
            "master_keys_file": "",
            "storage_url": "",
            "storage_access_key": "",
            "storage_secret_key": "",
            "api_port": str(self._port),
            "flower_port": str(self._flower_port),
            "worker_concurrency": str(self._workers),
            **secrets,
        }
        return child_environment(**{variable(name): value for name, value in values.items()}, PYTHONUNBUFFERED="1")

    def _part(self, name: str, health: str = "", listener: socket.socket | None = None, **secrets: str) -> Part:
        environment = self._environment(**secrets)
        return Part(name, [*COUNTERFOIL, name], environment, self._console.part(name), health, listener)

    def _counterfoil(self, *arguments: str, **secrets: str) -> str:
        """Return what a command that ends by itself printed; raise StartFailed when it fails."""
        done = run([*COUNTERFOIL, *arguments], env=self._environment(**secrets))
        for line in done.stderr.splitlines():
            self._console.part(arguments[0])(line)
        if done.returncode:
            raise StartFailed(f"counterfoil {arguments[0]} ended with status {done.returncode}")
        return done.stdout.strip()

    def _key(self, setting: str, command: str) -> str:
        """Return what is set, or what `counterfoil keys` with that command made for this data folder, once."""
        given, kept = getattr(settings.current(), setting), self._data_dir / f"{command}.key"
        if not given and not kept.exists():
            _, _, key = self._counterfoil("keys", command).partition("=")
            write_secret(kept, key)
        return given or kept.read_text()

    def _storage(self) -> dict[str, str]:
        """Return where files are kept, and by which keys: in the data folder unless that is set."""
        given = settings.current()
        return {
            "storage_url": given.storage_url or (self._data_dir / "files").as_uri(),
            "storage_access_key": given.storage_access_key,
            "storage_secret_key": given.storage_secret_key,
        }

    def _told(self, facts: dict) -> dict:
        """Return the facts as they are printed: where nobody may look over a shoulder, with the secrets."""
        if self._tell_all:
            return facts
        return {name: fact for name, fact in facts.items() if name not in SECRETS}

    def _fill(self) -> None:
        """Make the sample company; the stack stays, whatever comes of it."""
        self._console.announce(f"sample data: {ORGANIZATION} is made, which takes up to half a minute")
        told = filling.fill(self._data_dir, self._database(), self._url, self._counterfoil)
        self._console.announce(f"sample data: {told}")

    @staticmethod
    def _database() -> str:
        """Return the name under which the data folder keeps what opens the database."""
        if not settings.current().database_url:
            return "embedded"
        place = conninfo_to_dict(settings.current().database_url)
        return f"{place.get('host')}:{place.get('port')}/{place['dbname']}"

    def _facts(self, parts: list[Part]) -> dict:
        database = self._database()
        access = first_access(self._data_dir, database, self._url, self._counterfoil)
        access |= {
            "databaseUrl": self._database_url,
            "databaseOwnerUrl": self._owner_url,
            "brokerUrl": self._broker_url,
        }
        return {
            "url": self._url,
            "consoleUrl": self._url + "/console/",
            "docsUrl": self._url + "/docs",
            "flowerUrl": self._flower_url,
            **access,
            "secretsIn": str(keep_access(self._data_dir, database, kept_access(self._data_dir, database) | access)),
            "pids": {
                **{part.name: part.pid for part in parts},
                "postgres": None if settings.current().database_url else self._postgres.pid,
                "broker": None if settings.current().broker_url else self._broker.pid,
            },
        }
