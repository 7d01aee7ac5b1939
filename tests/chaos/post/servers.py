"""Servers of mail that may be killed, stunned and started again: they lose nothing that they have answered for."""

import mailbox
import os
import signal
import socket
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from imapclient import IMAPClient

from local.process import LOOPBACK, Child, free_port
from tests.faults import dovecot
from tests.faults.dovecot import Dovecot
from tests.integration.gateways.authority import Authority
from tests.waiting import wait_until

DONE = "Done"


class Listener(Child):
    """A server that is ready when it takes connections; it says nothing."""

    def __init__(self, name: str, *arguments: str) -> None:
        super().__init__()
        self.name, self.port, self._arguments = name, free_port(), arguments

    def command(self) -> list[str]:
        """Return the command line."""
        return [sys.executable, *(one.format(port=self.port) for one in self._arguments)]

    def environment(self) -> Mapping[str, str]:
        """Return this process's."""
        return os.environ

    def is_ready(self) -> bool:
        """Return whether somebody could connect."""
        with suppress(OSError), socket.create_connection((LOOPBACK, self.port), 1):
            return True
        return False

    def die(self) -> None:
        """Kill it."""
        self.kill(signal.SIGKILL)
        wait_until(lambda: self.poll() is not None)

    def signal(self, number: int) -> None:
        self.kill(number)


class Relay(Listener):
    """An SMTP server that puts each message into a folder before it answers for it."""

    def __init__(self, folder: Path) -> None:
        self._box = mailbox.Maildir(folder, create=True)
        handler = ("-c", "aiosmtpd.handlers.Mailbox", str(folder))
        super().__init__("smtp", "-m", "aiosmtpd", "-n", "-l", f"{LOOPBACK}:{{port}}", *handler)

    def messages(self) -> list[Any]:
        """Return all that it has taken."""
        return list(self._box)


class Pymap(Listener):
    """An IMAP server that has its mails in memory: with each of its lives it has other folders."""

    def __init__(self, certificate: Path) -> None:
        demo = ("dict", "--demo-data", "--demo-user=demo", "--demo-password=demo")
        program = "import sys; from pymap.main import main; sys.exit(main())"
        super().__init__("imap", "-c", program, f"--host={LOOPBACK}", "--port={port}", f"--cert={certificate}", *demo)

    @contextmanager
    def owner(self) -> Iterator[IMAPClient]:
        """Give a connection of whoever has the mails."""
        with IMAPClient(LOOPBACK, self.port, ssl=False, timeout=5) as client:
            client.login("demo", "demo")
            yield client


MailServer = Pymap | Dovecot


class Post:
    """What was put into the folders of a server."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._kept: dict[str, list[bytes]] = defaultdict(list)
        self._there: dict[str, int] = {}
        self._lock = threading.Lock()

    def put(self, folder: str, *mails: bytes) -> None:
        """Put mails into a folder, and all that its server has lost; raise if it does not answer.

        What may not be there is put there the next time, and so perhaps twice.
        """
        kept = self._kept[folder]
        kept += mails
        with self._lock, self._server.owner() as owner:
            if not owner.folder_exists(folder):
                owner.create_folder(folder)
                self._there[folder] = 0
            while self._there[folder] < len(kept):
                owner.append(folder, kept[self._there[folder]])
                self._there[folder] += 1

    def faults(self, message_ids: Sequence[str]) -> list[str]:
        """Say which of the mails were not moved once, where the server remembers that."""
        if isinstance(self._server, Pymap):
            return []
        with self._server.owner() as owner:
            owner.select_folder(DONE, readonly=True)
            heads = owner.fetch(owner.search(), ["ENVELOPE"])
        times = Counter(one[b"ENVELOPE"].message_id.decode() for one in heads.values())
        return [f"mail {one} was moved {times[one]} times" for one in message_ids if times[one] != 1]


def terms(server: MailServer) -> dict[str, Any]:
    """Return the fields of a mailbox on a server."""
    own = {"security": "starttls", "user": "demo", "password": "demo", "after": "seen"}
    if isinstance(server, Dovecot):
        own = {"security": "tls", "user": dovecot.USER, "password": dovecot.PASSWORD, "after": f"move:{DONE}"}
    return {"host": "localhost", "port": server.port, **own}


@contextmanager
def mail_server(folder: Path, authority: Authority) -> Iterator[MailServer]:
    """Run Dovecot if it is installed, else pymap, with a certificate of the authority."""
    if dovecot.PROGRAM:
        with dovecot.running(folder, authority) as server:
            with server.owner() as owner:
                owner.create_folder(DONE)
            yield server
    else:
        authority.serving("localhost")
        with Pymap(next(authority.file.parent.glob("localhost*.pem"))) as server:
            yield server
