"""Three hosts with an api, a relay and a worker each, on two PostgreSQL servers and one broker; clients elsewhere."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from counterfoil.crashkit.database import Database, _memory, in_use, migrated
from tests import checker
from tests.faults.processes import PROGRAM, Chain, Process
from tests.faults.test_time import SHIFTED
from tests.many_hosts.network import Host, Network
from tests.many_hosts.servers import Broker, Pair

API_PORT = 8000
DELAY_S, LOSS = 0.05, 0.02
# A request from another host than the primary's waits 0.1 s for each statement, and longer for what was lost.
PATIENT = {
    "direct_budget": 3,
    "statement_timeout": 6,
    "http_timeout": 9,
    "task_timeout": 10,
    "lease": 12,
    "redelivery_interval": 4,
    "idle_in_transaction_timeout": 6,
    "lock_timeout": 2,
}
SECONDS_TO_START = 240
PARTS = ("api", "relay", "worker")


class Deployment:
    """`first` has the primary in the beginning, `second` the standby, `third` the broker."""

    def __init__(self, network: Network, pair: Pair, broker: Broker, database: Database) -> None:
        self.network, self.pair, self.broker = network, pair, broker
        *self.hosts, self.clients = network.hosts
        self.chain = Chain(database.part, broker.url, broker.admin_url)
        self.parts: dict[Host, list[Process]] = {host: [] for host in self.hosts}

    @property
    def addresses(self) -> list[str]:
        """Return where the API is reached."""
        return [f"{host.address}:{API_PORT}" for host in self.hosts]

    def start(self, hours_off: Mapping[Host, float] | None = None) -> None:
        """Return when all parts of all hosts are ready; the clocks of some may be wrong."""
        for number, host in enumerate(self.hosts):
            wrong = SHIFTED.format(hours=hours_off[host]) if hours_off and host in hours_off else ""
            names = (*PARTS, "beat") if number else PARTS
            with host.inside():
                self.parts[host] = [self._spawn(host, name, wrong + PROGRAM) for name in names]
        for part in self.all_parts():
            self.chain.await_ready(part, SECONDS_TO_START)

    def _spawn(self, host: Host, name: str, program: str) -> Process:
        return self.chain.spawn(name, program, api_host=host.address, api_port=API_PORT, **PATIENT)

    def stop(self) -> None:
        """Return when no part runs any more."""
        for part in self.all_parts():
            part.kill(part.stop_signal)
        for part in self.all_parts():
            part.await_end()

    def all_parts(self) -> Sequence[Process]:
        return [part for parts in self.parts.values() for part in parts]

    def others(self, host: Host) -> list[Host]:
        """Return all that a host may be cut off from, clients included."""
        return [other for other in self.network.hosts if other is not host]


@contextmanager
def deployed(seed: int) -> Iterator[Deployment]:
    """Have this process be where the clients are, and everything else run on hosts of its own, until the end."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory("cf-hosts-", dir=_memory(), ignore_cleanup_errors=True)))
        folder.chmod(0o755)
        network = Network("first", "second", "third", "clients", seed=seed)
        stack.callback(network.close)
        first, second, third, clients = network.hosts
        stack.enter_context(clients.inside())
        pair = Pair(folder, first, second)
        stack.callback(pair.stop)
        migrated(pair.primary)
        database = Database(pair.standby.both(pair.primary.url), pair.standby.both(pair.primary.part_url))
        stack.enter_context(in_use(database))
        checker.watch(pair.primary.url)
        broker = stack.enter_context(Broker(folder / "broker", third))
        network.worsen([first, second, third], DELAY_S, LOSS)
        deployment = Deployment(network, pair, broker, database)
        stack.callback(deployment.chain.close)
        deployment.start()
        yield deployment
