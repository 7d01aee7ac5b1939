"""Hosts on one machine: a network namespace each, and a switch of our own between them."""

import ctypes
import fcntl
import itertools
import json
import os
import shutil
import socket
import struct
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from local.process import Child, run

ROOT = Path(__file__).parents[2]
CLONE_NEWNET = 0x4000_0000
SIOCETHTOOL = 0x8946
# Transmit checksums, TCP segmentation, and segmentation and aggregation in general: frames must leave as on a wire.
OFFLOADS_OFF = (0x17, 0x1F, 0x24, 0x2C)
SUBNET = "10.77.0"
_libc = ctypes.CDLL(None, use_errno=True)


def impossible() -> str:
    """Return why this machine can have no such hosts, or nothing."""
    if not sys.platform.startswith("linux"):
        return "hosts in network namespaces need Linux"
    if not shutil.which("ip"):
        return "hosts in network namespaces need the program ip (iproute2)"
    try:
        os.close(_new_namespace())
    except OSError as error:
        return f"hosts in network namespaces need root: {error.strerror}"
    return ""


def _new_namespace() -> int:
    """Return a file that holds a new network namespace: it is gone with the file and the processes in it."""
    found: list[int | OSError] = []

    def leave() -> None:
        try:
            _require(_libc.unshare(CLONE_NEWNET))
            found.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY))
        except OSError as error:
            found.append(error)

    # In a thread, as this one is to stay where it is.
    thread = threading.Thread(target=leave)
    thread.start()
    thread.join()
    [result] = found
    if isinstance(result, OSError):
        raise result
    return result


def _require(status: int) -> None:
    if status:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class Host:
    """One machine of the network; a process started `inside` it has its address and no other."""

    def __init__(self, number: int, name: str) -> None:
        self.number, self.name, self.address = number, name, f"{SUBNET}.{number + 1}"
        self._namespace = _new_namespace()

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Have this thread, and what it starts, be on this host."""
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        _require(_libc.setns(self._namespace, CLONE_NEWNET))
        try:
            yield
        finally:
            _require(_libc.setns(before, CLONE_NEWNET))
            os.close(before)

    def connect(self, switch: "Host", others: Sequence["Host"]) -> None:
        """Lay a cable from `eth0` here to a port of the switch; the hosts know each other's addresses for good."""
        port = f"port-{self.number}"
        there = f"/proc/{os.getpid()}/fd/{switch._namespace}"
        with self.inside():
            _ip(f"link add eth0 address {_mac(self)} type veth peer name {port} netns {there}")
            _ip(f"address add {self.address}/24 dev eth0")
            _send_as_on_a_wire("eth0")
            _ip("link set lo up")
            _ip("link set eth0 up")
            for other in others:
                _ip(f"neighbour add {other.address} lladdr {_mac(other)} nud permanent dev eth0")
        with switch.inside():
            _ip(f"link set {port} up")

    def close(self) -> None:
        os.close(self._namespace)


def _mac(host: Host) -> str:
    return f"02:00:00:00:00:{host.number:02x}"


def _ip(arguments: str) -> None:
    done = run(["ip", *arguments.split()])
    assert done.returncode == 0, f"ip {arguments}: {done.stderr}"


def _send_as_on_a_wire(interface: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        for command in OFFLOADS_OFF:
            value = ctypes.create_string_buffer(struct.pack("II", command, 0))
            request = struct.pack("16sP", interface.encode(), ctypes.addressof(value))
            fcntl.ioctl(any_socket, SIOCETHTOOL, request)


class _SwitchProcess(Child):
    name = "switch"

    def __init__(self, ports: int, seed: int) -> None:
        super().__init__(print)
        self.control, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._arguments = [ports, self._theirs.fileno(), seed]

    def command(self) -> list[str]:
        return [sys.executable, "-m", "tests.many_hosts.switch", *map(str, self._arguments)]

    def environment(self) -> dict[str, str]:
        return {"PYTHONPATH": str(ROOT)}

    def spawn_options(self) -> dict:
        return {"pass_fds": [self._theirs.fileno()]}

    def is_ready(self) -> bool:
        """Return whether it obeys: what it is told before it listens waits for it."""
        self.tell([])
        return True

    def tell(self, order: Sequence[tuple[object, ...]]) -> None:
        self.control.settimeout(self.start_timeout)
        self.control.send(json.dumps(order).encode())
        assert self.control.recv(16) == b"done"


class Network:
    """Hosts, all of whose frames pass a switch; each direction between two has a delay, a loss, and may be cut."""

    def __init__(self, *names: str, seed: int = 0) -> None:
        self.hosts = [Host(number, name) for number, name in enumerate(names)]
        self._box = Host(len(names), "switch")
        self._usual: dict[tuple[int, int], tuple[float, float]] = {}
        for host in self.hosts:
            host.connect(self._box, [other for other in self.hosts if other is not host])
        self._switch = _SwitchProcess(len(names), seed)
        with self._box.inside():
            self._switch.start()

    def worsen(self, hosts: Sequence[Host], delay_s: float, loss: float) -> None:
        """Have frames between these hosts need `delay_s` one way from now on, and the share `loss` of them get lost."""
        for a, b in itertools.permutations(hosts, 2):
            self._usual[a.number, b.number] = (delay_s, loss)
        self._tell(itertools.permutations(hosts, 2))

    @contextmanager
    def cut_off(self, host: Host, others: Sequence[Host], into: bool = True, out: bool = True) -> Iterator[None]:
        """Lose all frames from `others` into `host`, or out of it, or both, until the block ends."""
        lost = [(other, host) for other in others if into] + [(host, other) for other in others if out]
        self._tell(lost, is_cut=True)
        try:
            yield
        finally:
            self._tell(lost)

    def _tell(self, directions: Iterator[tuple[Host, Host]] | list[tuple[Host, Host]], is_cut: bool = False) -> None:
        pairs = [(source.number, target.number) for source, target in directions]
        self._switch.tell([(*pair, *self._usual.get(pair, (0.0, 0.0)), is_cut) for pair in pairs])

    def close(self) -> None:
        with suppress(OSError):
            self._switch.control.close()
        self._switch.stop()
        for host in (*self.hosts, self._box):
            host.close()
