"""PostgreSQL on two hosts, of which one follows the other, and a broker on a third."""

import signal
from pathlib import Path

from local.binaries import postgres_programs
from local.broker import EmbeddedBroker
from local.postgres import ENVIRONMENT, EmbeddedPostgres
from local.process import run
from tests.faults.database.standby import Standby
from tests.many_hosts.network import SUBNET, Host
from tests.waiting import wait_until

POSTGRES_PORT, BROKER_PORT = 5432, 6379
FROM_OTHER_HOSTS = "".join(f"host {database} all {SUBNET}.0/24 scram-sha-256\n" for database in ("all", "replication"))
SETTINGS = {
    "fsync": "off",  # processes are killed here, the machine is not
    "max_connections": "200",
    "wal_receiver_timeout": "4s",
    "wal_sender_timeout": "4s",
    "wal_retrieve_retry_interval": "1s",
}
# pg_rewind starts the server with its file alone, and needs the log since before the promotion.
ADDED = {"pg_hba.conf": FROM_OTHER_HOSTS, "postgresql.conf": "wal_keep_size = '512MB'\n"}
IN_STEP = "SELECT 1 FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = 'sync'"


class OnHost:
    """A server that runs on a host of the network and is reached at its address."""

    where: Host

    @property
    def host(self) -> str:
        return self.where.address

    def spawn(self) -> None:
        with self.where.inside():
            super().spawn()  # type: ignore[misc]


class Broker(OnHost, EmbeddedBroker):
    def __init__(self, folder: Path, where: Host) -> None:
        self.where = where
        super().__init__(folder, BROKER_PORT, with_admin=True)

    def command(self) -> list[str]:
        command = super().command()
        with Path(command[-1]).open("a") as configuration:
            configuration.write("protected-mode no\n")
        return command


class Server(OnHost, Standby):
    """A PostgreSQL that is a primary of its own, or follows one."""

    def __init__(self, folder: Path, where: Host, primary: "Server | None" = None) -> None:
        self.where, self._primary = where, primary
        EmbeddedPostgres.__init__(self, folder, POSTGRES_PORT, SETTINGS)

    def set(self, name: str, value: str) -> None:
        """Change a parameter for good, also on a standby."""
        self._ask(f"ALTER SYSTEM SET {name} = '{value}'")
        self._ask("SELECT pg_reload_conf()")

    def end_at_once(self) -> None:
        """Return when the server is gone, as if the power of its host were."""
        self.kill(signal.SIGQUIT)
        wait_until(lambda: self.poll() is not None)

    def follow(self, primary: "Server") -> None:
        """Follow another that was promoted meanwhile; what was written here alone, confirmed to nobody, is undone."""
        self._primary = primary
        self._folder.lock(self.stop_timeout)
        target = f"--target-pgdata={self._folder.seen_by_server()}/cluster"
        source = f"--source-server={primary._url('postgres')}"
        command = [str(postgres_programs() / "pg_rewind"), target, source, "--write-recovery-conf"]
        with self.where.inside():
            rewound = run(command, env=ENVIRONMENT, **self._folder.spawn_options())
        assert rewound.returncode == 0, rewound.stderr
        self.start()

    def _make_cluster(self) -> None:
        if self._primary:
            super()._make_cluster()
            return
        EmbeddedPostgres._make_cluster(self)
        for name, text in ADDED.items():
            with (self._folder.path / "cluster" / name).open("a") as file:
                file.write(text)

    def _create_database(self) -> None:
        if not self._primary:
            super()._create_database()


class Pair:
    """A primary and its standby: a commit is confirmed when it is on the disks of both."""

    def __init__(self, folder: Path, first: Host, second: Host) -> None:
        self.primary = Server(folder / first.name, first)
        self.primary.start()
        self.standby = Server(folder / second.name, second, self.primary)
        self.standby.start()
        self.confirm_on_both()

    def confirm_on_both(self) -> None:
        """Return when nothing is confirmed any more that one server alone has."""
        self.primary.set("synchronous_standby_names", "*")
        wait_until(lambda: self.primary._ask(IN_STEP), 60, "the standby does not follow")

    def confirm_alone(self) -> None:
        """Have the primary wait for nobody, as an operator does while the standby is away."""
        self.primary.set("synchronous_standby_names", "")

    def promote(self) -> None:
        """Make the standby the primary: it has all that was confirmed. It confirms alone until another follows it."""
        self.standby.set("synchronous_standby_names", "")
        self.standby.promote()
        self.primary, self.standby = self.standby, self.primary

    def rejoin(self) -> None:
        """Make the former primary, which has been ended, follow the new one."""
        self.standby.follow(self.primary)
        self.confirm_on_both()

    def stop(self) -> None:
        self.standby.stop()
        self.primary.stop()
