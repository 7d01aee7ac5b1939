"""RabbitMQ in place of Valkey, where it is installed: the project does not bring it along."""

import socket
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from local.process import LOOPBACK, Child, free_port
from tests.faults.load import drain, owe_invoices, value, verify
from tests.waiting import wait_until

SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")

PUBLISHED = "SELECT count(*) FROM outbox WHERE published_at IS NOT NULL"

pytestmark = pytest.mark.skipif(not SERVER.exists(), reason="RabbitMQ is not installed")


class RabbitMQ(Child):
    name = "rabbitmq"

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self.port, self._names = free_port(), free_port()

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@{LOOPBACK}:{self.port}//"

    def command(self) -> list[str]:
        return [str(SERVER)]

    def environment(self) -> Mapping[str, str]:
        return {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self._folder),
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "ERL_EPMD_PORT": str(self._names),
            "RABBITMQ_NODENAME": f"counterfoil{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": LOOPBACK,
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": f"{self._folder}/db",
            "RABBITMQ_LOG_BASE": f"{self._folder}/log",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{self._folder}/plugins",
        }

    def is_ready(self) -> bool:
        with socket.socket() as line:
            line.settimeout(1)
            return line.connect_ex((LOOPBACK, self.port)) == 0

    def stop(self) -> None:
        super().stop()
        # The name server that Erlang leaves behind.
        subprocess.run(["/usr/bin/epmd", "-port", str(self._names), "-kill"], capture_output=True, check=False)


@pytest.fixture
def rabbitmq(tmp_path: Path) -> Iterator[RabbitMQ]:
    server = RabbitMQ(tmp_path)
    server.start()
    yield server
    server.stop()


def test_a_relay_that_comes_before_every_worker_makes_the_queues(chain, rabbitmq, organization):
    chain.broker_url = rabbitmq.url
    [relay] = chain.start("relay")
    accepted = owe_invoices(organization, count=30)
    wait_until(lambda: value(PUBLISHED) == 30, 10, "nothing was published before a worker came")
    chain.start("worker", "beat")
    drain(30)
    verify(accepted)
    assert relay.said("away") == 0


def test_a_broker_that_is_killed_and_restarted_loses_nothing(chain, rabbitmq, organization):
    chain.broker_url = rabbitmq.url
    relay, _ = chain.start("relay", "worker")
    accepted = owe_invoices(organization, count=100)
    rabbitmq.stop()
    accepted += owe_invoices(organization, count=100)
    rabbitmq.start()
    drain(60)
    verify(accepted)
    assert relay.said("broker away") <= 2
