"""IMAP servers on loopback: one of the tests' own, which misbehaves as it is told, and pymap as a process."""

import base64
import re
import shlex
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from local.process import LOOPBACK, free_port
from tests.waiting import wait_until

USER, PASSWORD, TOKEN = "bills@example.com", 'pässword \\ "1"', "good-token"
LITERAL = re.compile(rb"\{([0-9]+)\}\r\n\Z")
RANGE = re.compile(r"([0-9]+)(?::([0-9]+|\*))?")
# What a server may do instead of answering a FETCH of a content.
Fault = Callable[["Imap", socket.socket, bytes, int], bool]


@dataclass
class FolderOfMails:
    """A folder: its mails and flags by UID."""

    uid_validity: int = 1
    next_uid: int = 1
    mails: dict[int, bytes] = field(default_factory=dict)
    flags: dict[int, set[str]] = field(default_factory=dict)

    def add(self, *mails: bytes) -> list[int]:
        """Append mails; return their UIDs."""
        uids = list(range(self.next_uid, self.next_uid + len(mails)))
        self.mails |= dict(zip(uids, mails, strict=True))
        self.flags |= {uid: set() for uid in uids}
        self.next_uid += len(mails)
        return uids

    def replace(self, uid_validity: int, *mails: bytes) -> None:
        """Be another folder of the same name, with UIDs from 1 on."""
        self.uid_validity, self.next_uid, self.mails, self.flags = uid_validity, 1, {}, {}
        self.add(*mails)


@dataclass
class Imap:
    """A server, what it has, what it is to do wrong, and what it was asked."""

    port: int = 0
    folders: dict[str, FolderOfMails] = field(default_factory=lambda: {"INBOX": FolderOfMails()})
    capabilities: str = "IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 UIDPLUS MOVE"
    token: str = TOKEN
    sizes: dict[int, int] = field(default_factory=dict)
    fault: Fault | None = None
    asked: list[str] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def inbox(self) -> FolderOfMails:
        return self.folders["INBOX"]

    def contents(self) -> list[int]:
        """Return the UIDs whose content was asked for, in order."""
        found = (re.search(r"UID FETCH ([0-9]+) .*BODY\.PEEK\[\]", line) for line in self.asked)
        return [int(match[1]) for match in found if match]


class Session:
    """One connection."""

    def __init__(self, imap: Imap, connection: socket.socket, tls: ssl.SSLContext | None):
        self._imap, self._socket, self._tls = imap, connection, tls
        self._folder = FolderOfMails()

    def run(self) -> None:
        self._say(b"* OK ready")
        while line := self._line():
            tag, _, rest = line.decode("utf-8").partition(" ")
            words = rest.split(" ")
            name = words[1] if words[0].upper() == "UID" else words[0]
            self._imap.asked.append(rest)
            answer = getattr(self, f"do_{name.lower()}", self.do_unknown)(tag, rest)
            self._say(f"{tag} {answer}".encode())
            if name.upper() == "LOGOUT":
                return
            if name.upper() == "STARTTLS" and self._tls:
                self._socket = self._tls.wrap_socket(self._socket, server_side=True)
                self._tls = None

    def do_unknown(self, tag: str, rest: str) -> str:
        return "BAD unknown"

    def do_capability(self, tag: str, rest: str) -> str:
        more = " STARTTLS LOGINDISABLED" if self._tls else ""
        self._say(f"* CAPABILITY {self._imap.capabilities}{more}".encode())
        return "OK done"

    def do_starttls(self, tag: str, rest: str) -> str:
        return "OK begin" if self._tls else "BAD no"

    def do_login(self, tag: str, rest: str) -> str:
        _, user, password = shlex.split(rest)
        return "OK in" if (user, password) == (USER, PASSWORD) else "NO [AUTHENTICATIONFAILED] wrong"

    def do_authenticate(self, tag: str, rest: str) -> str:
        self._say(b"+ ")
        given = base64.b64decode(self._line()).decode()
        if rest.upper().endswith("PLAIN"):
            return "OK in" if given == f"\0{USER}\0{PASSWORD}" else "NO [AUTHENTICATIONFAILED] wrong"
        if given == f"user={USER}\1auth=Bearer {self._imap.token}\1\1":
            return "OK in"
        self._say(b"+ " + base64.b64encode(b'{"status":"401"}'))
        self._line()
        return "NO [AUTHENTICATIONFAILED] invalid credentials"

    def do_examine(self, tag: str, rest: str) -> str:
        name = rest.partition(" ")[2].strip('"')
        if name not in self._imap.folders:
            return f"NO [NONEXISTENT] there is no {name}"
        folder = self._folder = self._imap.folders[name]
        self._say(f"* {len(folder.mails)} EXISTS".encode())
        self._say(b"* 0 RECENT")
        self._say(f"* OK [UIDVALIDITY {folder.uid_validity}] valid".encode())
        self._say(f"* OK [UIDNEXT {folder.next_uid}] next".encode())
        return f"OK [READ-{'ONLY' if rest.upper().startswith('EXAMINE') else 'WRITE'}] selected"

    do_select = do_examine

    def do_search(self, tag: str, rest: str) -> str:
        match = RANGE.search(rest.rpartition(" ")[2])
        assert match
        uids = sorted(self._folder.mails)
        if " UID " in rest[4:]:
            last = uids[-1] if uids and match[2] == "*" else int(match[2] or match[1] if match[2] != "*" else 0)
            first = min(int(match[1]), last)
            found = [uid for uid in uids if first <= uid <= last]
        else:
            found = uids[int(match[1]) - 1 :]
        self._say(" ".join(["* SEARCH", *map(str, found)]).encode())
        return "OK done"

    def do_fetch(self, tag: str, rest: str) -> str:
        uid = int(rest.split()[2])
        mail = self._folder.mails.get(uid)
        if mail is None:
            return "OK nothing"
        if "BODY.PEEK[]" in rest and self._imap.fault and self._imap.fault(self._imap, self._socket, mail, uid):
            raise EOFError
        items = [f"UID {uid}".encode()]
        if "RFC822.SIZE" in rest:
            items.append(f"RFC822.SIZE {self._imap.sizes.get(uid, len(mail))}".encode())
        if "BODYSTRUCTURE" in rest:
            items.append(b'BODYSTRUCTURE ("text" "plain" NIL NIL NIL "7bit" 5 1 NIL NIL NIL NIL)')
        if "BODY.PEEK[]" in rest:
            items.append(b"BODY[] {%d}\r\n%b" % (len(mail), mail))
        if "HEADER" in rest:
            head = mail.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
            items.append(b"BODY[HEADER]<0> {%d}\r\n%b" % (len(head), head))
        self._say(b"* %d FETCH (%b)" % (sorted(self._folder.mails).index(uid) + 1, b" ".join(items)))
        return "OK done"

    def do_store(self, tag: str, rest: str) -> str:
        for uid in map(int, rest.split()[2].split(",")):
            self._folder.flags.get(uid, set()).add(rest.rpartition("(")[2].rstrip(")"))
        return "OK done"

    def do_move(self, tag: str, rest: str) -> str:
        _, _, uids, name = rest.split(" ", 3)
        if name.strip('"') not in self._imap.folders:
            return "NO [TRYCREATE] no such folder"
        for uid in map(int, uids.split(",")):
            if mail := self._folder.mails.pop(uid, None):
                self._imap.folders[name.strip('"')].add(mail)
        return "OK done"

    def do_list(self, tag: str, rest: str) -> str:
        if (name := rest.split(" ", 2)[2].strip('"')) in self._imap.folders:
            self._say(f'* LIST () "/" "{name}"'.encode())
        return "OK done"

    def do_logout(self, tag: str, rest: str) -> str:
        self._say(b"* BYE")
        return "OK bye"

    def _line(self) -> bytes:
        data = b""
        while not data.endswith(b"\r\n"):
            byte = self._socket.recv(1)
            if not byte:
                raise EOFError
            data += byte
        if match := LITERAL.search(data):
            self._say(b"+ go on")
            size, literal = int(match[1]), b""
            while len(literal) < size:
                literal += self._socket.recv(size - len(literal))
            quoted = literal.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
            return data[: match.start()] + b'"' + quoted + b'"' + self._line()
        return data[:-2]

    def _say(self, line: bytes) -> None:
        self._socket.sendall(line + b"\r\n")


@contextmanager
def serving_imap(tls: ssl.SSLContext, starttls: bool = False) -> Iterator[Imap]:
    """Run a server of the tests' own: encrypted from the first byte, or from STARTTLS on."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        imap = Imap(listener.getsockname()[1])
        threading.Thread(target=_accept, args=(imap, listener, tls, starttls), daemon=True).start()
        try:
            yield imap
        finally:
            imap.stopping.set()
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)


def _accept(imap: Imap, listener: socket.socket, tls: ssl.SSLContext, starttls: bool) -> None:
    with suppress(OSError):
        while not imap.stopping.is_set():
            connection, _ = listener.accept()
            threading.Thread(target=_handle, args=(imap, connection, tls, starttls), daemon=True).start()


def _handle(imap: Imap, connection: socket.socket, tls: ssl.SSLContext, starttls: bool) -> None:
    with suppress(OSError, EOFError), connection:
        if starttls:
            Session(imap, connection, tls).run()
        else:
            with tls.wrap_socket(connection, server_side=True) as encrypted:
                Session(imap, encrypted, None).run()


@contextmanager
def pymap(certificate: Path) -> Iterator[int]:
    """Run pymap, which speaks STARTTLS; give its port."""
    port = free_port()
    program = "import sys; from pymap.main import main; sys.exit(main())"
    options = [f"--host={LOOPBACK}", f"--port={port}", f"--cert={certificate}", "dict", "--demo-data"]
    options += ["--demo-user=demo", "--demo-password=demo"]
    process = subprocess.Popen(
        [sys.executable, "-c", program, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_until(lambda: _listens(port), 60, "pymap does not start")
        yield port
    finally:
        process.kill()
        process.wait()


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection((LOOPBACK, port), 1):
        return True
    return False
