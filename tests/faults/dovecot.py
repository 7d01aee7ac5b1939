"""A Dovecot of the test's own on loopback, where it is installed: `apt-get install dovecot-imapd`."""

import os
import pwd
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from imapclient import IMAPClient

from local.process import LOOPBACK, free_port
from tests.integration.gateways.authority import Authority
from tests.waiting import wait_until

PROGRAM = shutil.which("dovecot") or shutil.which("/usr/sbin/dovecot")
LACKING = "Dovecot is not installed here: apt-get install dovecot-imapd"
USER, PASSWORD = "bills", "secret"
CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 0
ssl = required
ssl_cert = <{certificate}
ssl_key = <{certificate}
disable_plaintext_auth = yes
auth_mechanisms = plain
mail_location = maildir:~/Maildir
mail_fsync = never
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/home/%u
}}
"""


@dataclass
class Dovecot:
    """A server that runs, and its process, which may be killed and started again."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return when it answers."""
        name, _ = _user()
        as_nobody = {"user": name, "group": _group(), "extra_groups": []} if os.geteuid() == 0 else {}
        command = [str(PROGRAM), "-F", "-c", str(self.folder / "dovecot.conf")]
        log = (self.folder / "out.log").open("ab")
        self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, **as_nobody)  # type: ignore[call-overload]
        wait_until(self._answers, 30, f"Dovecot does not answer: {self._said()}")

    def die(self) -> None:
        """Kill it and all of its processes at once."""
        if self.process:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, 9)
            self.process.wait()
            (self.folder / "run" / "master.pid").unlink(missing_ok=True)

    def signal(self, number: int) -> None:
        """Send a signal to all of its processes."""
        assert self.process
        os.killpg(self.process.pid, number)

    @contextmanager
    def owner(self) -> Iterator[IMAPClient]:
        """Give a connection of whoever has the mails, who trusts anybody here."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with IMAPClient(LOOPBACK, self.port, ssl_context=context) as client:
            client.login(USER, PASSWORD)
            yield client

    def refill(self, folder: str, *mails: bytes) -> None:
        """Have a new folder of that name, with these mails."""
        with self.owner() as client:
            if client.folder_exists(folder):
                client.delete_folder(folder)
            client.create_folder(folder)
            for mail in mails:
                client.append(folder, mail)

    def _answers(self) -> bool:
        with suppress(OSError, IMAPClient.Error), self.owner():
            return True
        return False

    def _said(self) -> str:
        return (self.folder / "out.log").read_text(errors="replace")[-1000:]


@contextmanager
def running(folder: Path, authority: Authority) -> Iterator[Dovecot]:
    """Run Dovecot with a certificate for localhost."""
    authority.serving("localhost")
    certificate = folder / "served.pem"
    shutil.copy(next(folder.parent.glob("localhost*.pem")), certificate)
    server = Dovecot(free_port(), folder)
    name, group = _user()
    text = CONFIGURATION.format(
        folder=folder, user=name, group=group, certificate=certificate, port=server.port, password=PASSWORD
    )
    (folder / "dovecot.conf").write_text(text)
    for inner in ("run", "state", "home"):
        (folder / inner).mkdir()
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, name, _group())
        for parent in folder.parents:
            if parent.owner() == "root" and parent != Path("/") and parent.is_relative_to("/tmp/pytest-of-root"):
                parent.chmod(0o755)
    server.start()
    try:
        yield server
    finally:
        server.die()


def _user() -> tuple[str, str]:
    if os.geteuid() == 0:
        return "nobody", "nogroup"
    me = pwd.getpwuid(os.geteuid())
    return me.pw_name, str(me.pw_gid)


def _group() -> str:
    return "nogroup"
