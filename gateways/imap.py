"""Folders of mail on servers that strangers wrote down: guarded, encrypted to a certificate, within time and bounds."""

import imaplib
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from imapclient import IMAPClient
from imapclient.exceptions import LoginError

from gateways import guard, require_outside, secrecy
from gateways.guard import Refused, Server
from gateways.lines import Lines, encrypted
from gateways.streams import Budget, Unsent, plain_words, reach
from gateways.structure import LARGEST, Part, parts

__all__ = ["Denied", "Folder", "Login", "Part", "Refused", "Summary", "Trouble", "open_folder", "server"]

TLS, STARTTLS = "tls", "starttls"
PORTS = {TLS: 993, STARTTLS: 143}
SECONDS = 20.0
# What a server may say in answer to one command, beside the mail that is asked for.
ROOM = 1024 * 1024
HEAD_BYTES = 64 * 1024
# UIDs are asked for in ranges: the answer is one line, of which imaplib takes a million bytes.
RANGE = 50_000
LAST_UID = 2**32 - 1
AT_ONCE = 100
LONGEST_ANSWER = 300
# As imaplib says that the connection ended.
HUNG_UP = "socket error: EOF"


class Trouble(Exception):
    """The server cannot be talked to, or not any longer; the message says why in plain words."""


class Denied(Trouble):
    """The server does not let this user in."""


@dataclass(frozen=True)
class Login:
    """A user with a password, or with an access token (OAuth 2)."""

    user: str
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


class Summary(NamedTuple):
    """What can be known of a mail without its content: its size, its headers, and what it is made of."""

    size: int
    head: bytes
    parts: Sequence[Part] | None


def server(host: str, port: int, security: str) -> Server:
    """Return where a mailbox may be; raise Refused for all that can be known without asking DNS."""
    return guard.server(host, port, [PORTS[security]], guard.MAILBOXES)


def open_folder(to: Server, security: str, login: Login, folder: str, seconds: float = SECONDS) -> "Folder":
    """Return a folder, which nothing can be changed in yet; raise Refused, Denied or Trouble."""
    require_outside()
    budget = Budget(seconds)
    with _plainly(budget, login):
        client = _Client(to, security, budget)
        try:
            if security == STARTTLS:
                client.begin_tls(budget)
            _log_in(client, login)
            return Folder(client, login, folder)
        except BaseException:
            client.hang_up()
            raise


class Line(imaplib.IMAP4):
    """A connection whose every command has a deadline, and a bound for what comes back."""

    def __init__(self, to: Server, security: str, budget: Budget):
        self._to, self._security, self.budget = to, security, budget
        super().__init__(to.host, to.port)

    def open(self, host: str = "", port: int = 0, timeout: float | None = None) -> None:
        self.host, self.port = host, port
        whose = f"an address of {host}"
        connection, _ = reach(
            host, port, self.budget, lambda found: guard.check_addresses(found, self._to.local, whose, self._to.setting)
        )
        self.budget.awaited = "no answer"
        try:
            self._speak_on(encrypted(connection, host, self.budget) if self._security == TLS else connection)
        except BaseException:
            connection.close()
            raise

    def _speak_on(self, connection: socket.socket) -> None:
        self.sock = connection  # type: ignore[assignment]
        self.file = Lines(connection, self.budget, ROOM)  # type: ignore[assignment]

    def allow(self, budget: Budget, room: int) -> None:
        """Give the next command its own time and room."""
        self.budget = budget
        lines: Any = self.file
        lines.budget, lines.room = budget, room

    def send(self, data: Any) -> None:
        self.sock.settimeout(self.budget.left())  # for all of it, not for each piece
        super().send(data)

    def encrypt(self) -> None:
        """Go on encrypted, and forget all that was said before; raise Unsent."""
        self._speak_on(encrypted(self.sock, self.host, self.budget))  # type: ignore[arg-type]
        self.untagged_responses = {}
        self._get_capabilities()  # type: ignore[attr-defined]


class _Client(IMAPClient):
    def __init__(self, to: Server, security: str, budget: Budget):
        self._to, self._security, self._budget = to, security, budget
        super().__init__(to.host, to.port, ssl=security == TLS)
        self._imap.debug = 0  # or all that is said would go to the log

    def _create_IMAP4(self) -> Line:
        return Line(self._to, self._security, self._budget)

    def begin_tls(self, budget: Budget) -> None:
        if not self.has_capability("STARTTLS"):
            raise Trouble("the server offers no STARTTLS: nothing is sent unencrypted")
        answer, _ = self._imap._simple_command("STARTTLS")
        if answer != "OK":
            raise Trouble("the server refuses STARTTLS: nothing is sent unencrypted")
        self._imap.encrypt()
        self._cached_capabilities = None
        self._starttls_done = True

    def hang_up(self) -> None:
        with suppress(Exception):
            self.shutdown()


class Folder:
    """A folder that is selected; each call has `seconds`, and the connection is of no use after a Trouble."""

    def __init__(self, client: _Client, login: Login, name: str):
        self._client, self._login, self._name = client, login, name
        self._writable = False
        chosen = self._select()
        self.uid_validity = _whole(chosen, b"UIDVALIDITY")
        # Not all servers say it: then what comes next is found by asking for all.
        self.next_uid = _whole(chosen, b"UIDNEXT") or LAST_UID + 1
        self.mails = _whole(chosen, b"EXISTS")
        if not self.uid_validity:
            raise Trouble("the server gives no UIDVALIDITY, so that no mail could be known again")

    def uids(self, after: int, seconds: float = SECONDS) -> list[int]:
        """Return UIDs above a number in their order: some of them at least if there are any."""
        with self._asking(seconds):
            for first, last in self._ranges(after):
                # `n:*` gives the last mail even if its UID is below n, and a server may say what it likes.
                found = {uid for uid in self._client.search(["UID", f"{first}:{last}"]) if after < uid <= LAST_UID}
                if found:
                    return sorted(found)
            return []

    def last_uids(self, most: int, seconds: float = SECONDS) -> list[int]:
        """Return the UIDs of the mails that came last, in their order."""
        with self._asking(seconds):
            first = max(1, self.mails - most + 1)
            found = self._client.search([f"{first}:*"]) if self.mails else []
            return sorted({uid for uid in found if 0 < uid <= LAST_UID})[-most:]

    def size(self, uid: int, seconds: float = SECONDS) -> int | None:
        """Return the size of a mail as the server has it, None if the mail is gone."""
        with self._asking(seconds):
            found = self._fetch(uid, ["RFC822.SIZE"])
            return found and _whole(found, b"RFC822.SIZE")

    def content(self, uid: int, most: int, seconds: float = SECONDS) -> bytes | None:
        """Return a mail of up to so many bytes, not marked as read by that; None if it is gone. Raise Trouble."""
        with self._asking(seconds, room=ROOM + most):
            return _data(self._fetch(uid, ["BODY.PEEK[]"]), b"BODY[]")

    def summary(self, uid: int, seconds: float = SECONDS) -> Summary | None:
        """Return what can be known of a mail without its content, None if it is gone."""
        with self._asking(seconds):
            found = self._fetch(uid, ["RFC822.SIZE", "BODYSTRUCTURE", f"BODY.PEEK[HEADER]<0.{HEAD_BYTES}>"])
            if not found:
                return None
            head = _data(found, b"BODY[HEADER]") or b""
            return Summary(_whole(found, b"RFC822.SIZE"), head, parts(found.get(b"BODYSTRUCTURE")))

    def head(self, uid: int, seconds: float = SECONDS) -> bytes:
        """Return the beginning of a mail's headers, nothing if it is gone."""
        with self._asking(seconds):
            return _data(self._fetch(uid, [f"BODY.PEEK[HEADER]<0.{HEAD_BYTES}>"]), b"BODY[HEADER]") or b""

    def mark_seen(self, uids: Sequence[int], seconds: float = SECONDS) -> None:
        """Mark mails as read, those that are still there."""
        with self._asking(seconds):
            self._open_for_writing()
            for start in range(0, len(uids), AT_ONCE):
                self._client.add_flags(uids[start : start + AT_ONCE], [rb"\Seen"], silent=True)

    def move(self, uids: Sequence[int], folder: str, seconds: float = SECONDS) -> None:
        """Move mails to another folder, those that are still there."""
        with self._asking(seconds):
            self._open_for_writing()
            for start in range(0, len(uids), AT_ONCE):
                self._move(uids[start : start + AT_ONCE], folder)

    def has(self, folder: str, seconds: float = SECONDS) -> bool:
        """Return whether the server has a folder of this name."""
        with self._asking(seconds):
            return self._client.folder_exists(folder)

    def close(self) -> None:
        """End the connection; the server is not waited for."""
        self._client.hang_up()

    def _move(self, uids: Sequence[int], folder: str) -> None:
        if self._client.has_capability("MOVE"):
            self._client.move(uids, folder)
            return
        if not self._client.has_capability("UIDPLUS"):
            raise Trouble("the server can neither move a mail nor delete one alone: leave mails where they are")
        self._client.copy(uids, folder)
        self._client.add_flags(uids, [rb"\Deleted"], silent=True)
        self._client.uid_expunge(uids)

    def _select(self) -> dict[bytes, Any]:
        try:
            return self._client.select_folder(self._name, readonly=not self._writable)
        except imaplib.IMAP4.readonly as error:
            raise Trouble(f"nothing can be changed in the folder {self._name}") from error
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            raise Trouble(f"the folder {self._name} cannot be opened: {_plain(error, self._login)}") from error

    def _open_for_writing(self) -> None:
        if not self._writable:
            self._writable = True
            if _whole(self._select(), b"UIDVALIDITY") != self.uid_validity:
                raise Trouble("the folder was replaced by another one meanwhile")

    def _ranges(self, after: int) -> Iterator[tuple[int, int | str]]:
        if self.next_uid > LAST_UID:
            yield after + 1, "*"
            return
        for first in range(after + 1, self.next_uid, RANGE):
            yield first, min(first + RANGE, self.next_uid) - 1

    def _fetch(self, uid: int, what: Sequence[str]) -> Any:
        return self._client.fetch([uid], what).get(uid)

    @contextmanager
    def _asking(self, seconds: float, room: int = ROOM) -> Iterator[None]:
        require_outside()
        budget = Budget(seconds)
        budget.awaited = "no answer"
        self._client._imap.allow(budget, room)
        with _plainly(budget, self._login):
            yield


def _log_in(client: _Client, login: Login) -> None:
    if login.token:
        bearer = not client.has_capability("AUTH=XOAUTH2") and client.has_capability("AUTH=OAUTHBEARER")
        (client.oauthbearer_login if bearer else client.oauth2_login)(login.user, login.token)
    elif client.has_capability("AUTH=PLAIN"):  # takes letters of any script
        client.plain_login(login.user, login.password)
    else:
        client.login(login.user, login.password)


@contextmanager
def _plainly(budget: Budget, login: Login) -> Iterator[None]:
    """Turn all that the libraries raise into Denied, or a Trouble in plain words."""
    try:
        yield
    except (Trouble, Refused):
        raise
    except Unsent as unsent:
        raise Trouble(str(unsent)) from unsent
    except TimeoutError as error:
        raise Trouble(str(budget.late())) from error
    except (ssl.SSLError, OSError) as error:
        raise Trouble(plain_words(error)) from error
    except imaplib.IMAP4.error as error:
        raise _told(error, login) from error
    except Exception as error:  # the libraries' parsers raise what they like at what is not IMAP
        raise Trouble(f"the server is not understood: {type(error).__name__}") from error


def _told(error: imaplib.IMAP4.error, login: Login) -> Trouble:
    """Return what the server said; who hangs up without a word refuses nobody, also while somebody logs in."""
    said = _plain(error, login)
    if said.endswith(HUNG_UP):
        return Trouble("the server hung up")
    if isinstance(error, LoginError):
        return Denied(f"the server does not let {login.user} in: {said}")
    broke = isinstance(error, imaplib.IMAP4.abort)
    return Trouble(f"{'the connection broke' if broke else 'the server refuses'}: {said}")


def _plain(error: Exception, login: Login) -> str:
    """Return what the server said as one line that can be shown, without what let the user in."""
    said = secrecy.without(str(error), (login.password, login.token))
    return " ".join("".join(one if one.isprintable() else " " for one in said).split())[:LONGEST_ANSWER]


def _whole(answer: Any, name: bytes) -> int:
    value = answer.get(name)
    value = value[0] if isinstance(value, list | tuple) and value else value
    number = int(value) if isinstance(value, int | bytes) and str(int(value)).isdecimal() else 0
    if number > LARGEST:
        raise Trouble(f"the server gives a number for {name.decode()} that is none of IMAP")
    return number


def _data(answer: Any, name: bytes) -> bytes | None:
    """Return the literal that a server gives under `name`, with the place where it begins behind that or without."""
    found = [value for key, value in (answer or {}).items() if key.startswith(name)]
    return next((one for one in found if isinstance(one, bytes)), None)
