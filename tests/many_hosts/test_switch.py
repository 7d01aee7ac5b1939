"""The switch does what it is told: what a test of many hosts sees then is the product's answer to it."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.many_hosts.network import Host, Network, impossible

REASON = impossible()
pytestmark = pytest.mark.skipif(bool(REASON), reason=REASON)
PORT, MANY = 7777, 1000


@pytest.fixture
def network() -> Iterator[Network]:
    network = Network("a", "b", "c")
    yield network
    network.close()


def bound(host: Host) -> socket.socket:
    """Return a UDP socket on a host; nothing sends again what is lost."""
    with host.inside():
        line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024**2)
        line.bind((host.address, PORT))
        return line


def arrivals(source: socket.socket, target: socket.socket, count: int = 1, patience_s: float = 0.2) -> list[float]:
    """Return after how many seconds each datagram that was sent has come, if it has."""
    target.settimeout(patience_s)
    for _ in range(count):
        source.sendto(str(time.monotonic()).encode(), target.getsockname())
    came = []
    while True:
        try:
            sent = float(target.recv(100))
        except TimeoutError:
            return came
        came.append(time.monotonic() - sent)


@pytest.fixture
def lines(network: Network) -> Iterator[list[socket.socket]]:
    lines = [bound(host) for host in network.hosts]
    yield lines
    for line in lines:
        line.close()


def test_a_frame_is_late_by_the_delay_between_its_hosts_and_by_no_other(network, lines):
    a, b, c = lines
    network.worsen(network.hosts[:2], delay_s=0.3, loss=0)
    assert min(arrivals(a, b, 5, 1)) >= 0.3
    assert min(arrivals(b, a, 5, 1)) >= 0.3
    assert min(arrivals(a, c, 5, 2)) < 0.3


def test_of_many_frames_the_share_that_was_said_is_lost(network, lines):
    a, b, c = lines
    network.worsen(network.hosts[:2], delay_s=0, loss=0.2)
    assert 0.7 * MANY < len(arrivals(a, b, MANY)) < 0.9 * MANY
    assert len(arrivals(a, c, MANY)) == MANY


def test_a_host_can_be_cut_off_one_way_and_both_ways(network, lines):
    a, b, c = lines
    host, others = network.hosts[0], network.hosts[1:]
    for into, out in ((True, False), (False, True), (True, True)):
        with network.cut_off(host, others, into, out):
            heard = [len(arrivals(*pair)) for pair in ((b, a), (c, a), (a, b), (a, c))]
        assert heard == [not into, not into, not out, not out]
        assert len(arrivals(b, c)) == 1
        assert len(arrivals(a, b)) == len(arrivals(b, a)) == 1


def test_tcp_carries_a_megabyte_whole_over_a_line_that_loses_frames(network):
    a, b, _ = network.hosts
    network.worsen([a, b], delay_s=0.002, loss=0.02)
    sent = bytes(range(256)) * 4096
    with a.inside():
        server = socket.create_server((a.address, PORT))
    with b.inside():
        client = socket.create_connection((a.address, PORT), 10)
    accepted, _ = server.accept()
    with server, client, accepted:
        accepted.settimeout(30)
        sender = threading.Thread(target=lambda: (client.sendall(sent), client.shutdown(socket.SHUT_WR)))
        sender.start()
        received = b"".join(iter(lambda: accepted.recv(65_536), b""))
        sender.join()
    assert received == sent
