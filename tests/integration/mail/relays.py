"""A real SMTP server on loopback, which answers as a test tells it."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from local.process import LOOPBACK, free_port

OK = "250 OK"
USER, PASSWORD = "shop", "s3cret@word"


@dataclass
class Relay:
    """What it answers to recipients and to messages, and what came to it."""

    port: int = 0
    answers: dict[str, str] = field(default_factory=dict)
    final: str = OK
    hangs_up: bool = False
    asked: list[str] = field(default_factory=list)
    taken: list[tuple[list[str], EmailMessage]] = field(default_factory=list)

    def url(self, scheme: str = "smtp", host: str = LOOPBACK, login: str = "") -> str:
        return f"{scheme}://{login}{host}:{self.port}"

    @property
    def messages(self) -> list[EmailMessage]:
        return [message for _, message in self.taken]

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        self.asked.append(address)
        answer = self.answers.get(address, OK)
        if answer == OK:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.final == OK:
            self.taken.append(([*envelope.rcpt_tos], message_from_bytes(envelope.content, policy=default)))
        if self.hangs_up:
            server.transport.abort()
        return self.final


def _let_in(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    is_right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=is_right, handled=is_right)


@contextmanager
def relaying(
    tls: ssl.SSLContext | None = None, starttls: ssl.SSLContext | None = None, **terms: Any
) -> Iterator[Relay]:
    """Run a relay: encrypted from the first byte by `tls`, or from STARTTLS on; its `terms` are aiosmtpd's."""
    relay = Relay(free_port())
    options = {"ssl_context": tls, "tls_context": starttls, "require_starttls": bool(starttls), **terms}
    controller = Controller(relay, hostname=LOOPBACK, port=relay.port, ready_timeout=30, **options)
    controller.start()
    try:
        yield relay
    finally:
        controller.stop()


def asking_for_password() -> dict[str, Any]:
    """Return the terms of a relay that takes mails of `USER` alone."""
    return {"authenticator": _let_in, "auth_required": True, "auth_require_tls": False}
