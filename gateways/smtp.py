"""Mails to the relay that the operator names: encrypted to its certificate where that is asked for, in bounded time."""

import re
import smtplib
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from gateways import require_outside, secrecy
from gateways.lines import Lines, encrypted
from gateways.streams import Budget, Unsent, plain_words, reach
from settings import ConfigurationError, variable

__all__ = ["Relay", "Reply", "Unsent", "probe", "relay", "send"]

SECONDS = 20.0
# All that a relay may say while it takes one mail.
ROOM = 256 * 1024
LONGEST_ANSWER = 500
PLAIN, TLS, STARTTLS = "smtp", "smtps", "smtp+starttls"
PORTS = {PLAIN: 25, TLS: 465, STARTTLS: 587}
TOO_LARGE = 552
ADDRESS = re.compile("[!-;=?-~]+@[!-;=?-~]+")


@dataclass(frozen=True)
class Relay:
    """The server that takes this installation's mails."""

    security: str
    host: str
    port: int
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)


@dataclass(frozen=True)
class Reply:
    """What the relay says of one recipient."""

    code: int
    text: str

    @property
    def taken(self) -> bool:
        return 200 <= self.code < 300

    @property
    def refused(self) -> bool:
        """Return whether it will never be taken; else it may be later."""
        return self.code >= 500


def relay(url: str) -> Relay:
    """Return the relay that COUNTERFOIL_SMTP_URL names; raise ConfigurationError, which repeats no password."""
    name = variable("smtp_url")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigurationError(f"{name} is not a URL: {error}") from None
    if parts.scheme not in PORTS or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        raise ConfigurationError(f"{name} must look like smtp+starttls://user:password@host:587, smtps:// or smtp://")
    if bool(parts.username) != bool(parts.password):
        raise ConfigurationError(f"{name} must have both a user and a password, or neither")
    if parts.username and parts.scheme == PLAIN:
        raise ConfigurationError(f"{name} would send a password that others can read: use {STARTTLS}:// or {TLS}://")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Relay(parts.scheme, parts.hostname, port or PORTS[parts.scheme], user, password)


def send(
    to: Relay, sender: str, recipients: Sequence[str], message: bytes, seconds: float = SECONDS
) -> dict[str, Reply]:
    """Return what the relay says of each recipient once it has taken the message, or refused it; raise Unsent.

    After Unsent it may have taken the message all the same: send it again under the same Message-ID. What it refused
    for good before that is asked again then.
    """
    require_outside()
    if not all(ADDRESS.fullmatch(one) for one in (sender, *recipients)):
        raise Unsent("an address has white space, angle brackets, or letters outside of ASCII")
    with _session(to, sender.rpartition("@")[2], seconds) as line:
        return _deliver(line, sender, recipients, message)


def probe(to: Relay, domain: str, seconds: float = SECONDS) -> None:
    """Connect to the relay, be let in, and leave; raise Unsent, which says why that is not possible."""
    require_outside()
    with _session(to, domain, seconds):
        pass


class Line(smtplib.SMTP):
    """A connection that ends when the mail's time is over, whatever the relay does."""

    def __init__(self, to: Relay, domain: str, budget: Budget):
        # With a name of ours: without one, smtplib asks the resolver for it.
        super().__init__(local_hostname=domain)
        self._to, self._budget = to, budget

    def _get_socket(self, host: str, port: int, timeout: object) -> socket.socket:  # type: ignore[override]
        connection, _ = reach(host, port, self._budget)
        self._budget.awaited = "no answer"
        try:
            return encrypted(connection, host, self._budget) if self._to.security == TLS else connection
        except BaseException:
            connection.close()
            raise

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None:
            self.file = Lines(self.sock, self._budget, ROOM)  # type: ignore[assignment,arg-type]
        return super().getreply()

    def send(self, s: object) -> None:  # type: ignore[override]
        if self.sock:
            self.sock.settimeout(self._budget.left())  # for all of it, not for each piece
        super().send(s)  # type: ignore[arg-type]

    def begin_tls(self) -> None:
        """Encrypt the connection, and forget all that was said before; raise Unsent."""
        self.ehlo_or_helo_if_needed()
        if not self.has_extn("starttls"):
            raise Unsent("the relay offers no STARTTLS: nothing is sent unencrypted")
        code, text = self.docmd("STARTTLS")
        if code != 220:
            raise Unsent(f"the relay refuses STARTTLS: {code} {_plain(text)}")
        self.sock = encrypted(self.sock, self._to.host, self._budget)  # type: ignore[arg-type]
        self.file = self.helo_resp = self.ehlo_resp = None
        self.esmtp_features, self.does_esmtp = {}, False


@contextmanager
def _session(to: Relay, domain: str, seconds: float) -> Iterator[Line]:
    """Give a connection that the relay has let in; raise Unsent for all that goes wrong, in the block as well."""
    budget = Budget(seconds)
    line = Line(to, domain, budget)
    try:
        code, text = line.connect(to.host, to.port)
        if code != 220:
            raise Unsent(f"the relay does not let us in: {code} {_plain(text)}")
        if to.security == STARTTLS:
            line.begin_tls()
        line.ehlo_or_helo_if_needed()
        if to.user:
            line.login(to.user, to.password)
        yield line
        with suppress(smtplib.SMTPException, OSError, Unsent):
            line.quit()
    except Unsent:
        raise
    except Exception as error:
        raise _unsent(error, budget, to.password) from error
    finally:
        line.close()


def _unsent(error: Exception, budget: Budget, password: str) -> Unsent:
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return Unsent("the relay closed the connection")
    if isinstance(error, smtplib.SMTPAuthenticationError):
        said = secrecy.without(_plain(error.smtp_error), [password])
        return Unsent(f"the relay does not accept the user and password: {error.smtp_code} {said}")
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Unsent("the relay offers no way to log in that is known here")
    if isinstance(error, smtplib.SMTPResponseException):
        return Unsent(f"the relay answered {error.smtp_code} {_plain(error.smtp_error)}")
    if isinstance(error, TimeoutError):
        return budget.late()
    if isinstance(error, OSError) and not isinstance(error, smtplib.SMTPException):
        return Unsent(plain_words(error))
    return Unsent(f"the relay is not understood: {type(error).__name__}")


def _deliver(line: Line, sender: str, recipients: Sequence[str], message: bytes) -> dict[str, Reply]:
    options = []
    if line.has_extn("size"):
        longest = line.esmtp_features["size"]
        if longest.isdecimal() and 0 < int(longest) < len(message):
            reply = Reply(TOO_LARGE, f"the mail has {len(message):,} bytes, and the relay takes {int(longest):,}")
            return dict.fromkeys(recipients, reply)
        options = [f"SIZE={len(message)}"]
    begun = _reply(line.mail(sender, options))
    if not begun.taken:
        return dict.fromkeys(recipients, begun)
    replies = {one: _reply(line.rcpt(one)) for one in recipients}
    if taken := [one for one, reply in replies.items() if reply.taken]:
        replies |= dict.fromkeys(taken, _data(lambda: line.data(message)))
    return replies


def _data(give: Callable[[], tuple[int, bytes]]) -> Reply:
    try:
        return _reply(give())
    except smtplib.SMTPDataError as error:
        return Reply(error.smtp_code, _plain(error.smtp_error))


def _reply(answer: tuple[int, bytes]) -> Reply:
    return Reply(answer[0], _plain(answer[1]))


def _plain(said: bytes | str) -> str:
    """Return what a relay said as one line that can be shown and kept."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())[:LONGEST_ANSWER]
