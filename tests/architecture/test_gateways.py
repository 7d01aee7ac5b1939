"""Whatever talks to the outside refuses to while a transaction is open, in every process that has one."""

import ast
import subprocess
import sys
from collections.abc import Callable
from io import BytesIO

import pytest

import settings
from db.transaction import transaction
from domain.jobs import execution  # noqa: F401  it forbids them to talk; else this file would be red by itself
from gateways import chat, http, imap, openid, providers, smtp, storage, vision
from tests.architecture.sources import ROOT, Source, imports, production
from tests.conftest import configure

URL = "https://hooks.example.com/"
# What others import of gateways. What is behind these has no caller of its own.
DOORS = {
    "gateways", "gateways.chat", "gateways.http", "gateways.imap", "gateways.openid", "gateways.providers",
    "gateways.secrecy", "gateways.smtp", "gateways.storage", "gateways.vision",
}  # fmt: skip
RELAY = smtp.Relay("smtp", "127.0.0.1", 1)
SERVER = imap.server("imap.example.com", 993, "tls")


def folder() -> imap.Folder:
    """Return a folder that nobody has opened: each call has to see before anything else where it is made."""
    return imap.Folder.__new__(imap.Folder)


SENDS: dict[str, Callable[[], object]] = {
    "gateways.http.Receiver.post": lambda: http.Receiver(URL).post({}, b""),
    "gateways.http.Provider.get": lambda: http.Provider(URL).get({}, 1.0),
    "gateways.storage.write": lambda: storage.write("1/a", BytesIO(), 0, b""),
    "gateways.storage.read": lambda: storage.read("1/a"),
    "gateways.storage.size": lambda: storage.size("1/a"),
    "gateways.storage.delete": lambda: storage.delete("1/a"),
    "gateways.storage.probe": lambda: storage.probe(),
    "gateways.providers.post": lambda: providers.post("ocr", "/", {}, {}),
    "gateways.vision.annotate": lambda: vision.annotate(b""),
    "gateways.chat.ask": lambda: chat.ask("", "", "", {}),
    "gateways.imap.open_folder": lambda: imap.open_folder(SERVER, "tls", imap.Login("ada"), "INBOX"),
    "gateways.imap.Folder.uids": lambda: folder().uids(0),
    "gateways.imap.Folder.last_uids": lambda: folder().last_uids(1),
    "gateways.imap.Folder.size": lambda: folder().size(1),
    "gateways.imap.Folder.content": lambda: folder().content(1, 1),
    "gateways.imap.Folder.summary": lambda: folder().summary(1),
    "gateways.imap.Folder.head": lambda: folder().head(1),
    "gateways.imap.Folder.mark_seen": lambda: folder().mark_seen([1]),
    "gateways.imap.Folder.has": lambda: folder().has("Done"),
    "gateways.imap.Folder.move": lambda: folder().move([1], "Done"),
    "gateways.openid.address": lambda: openid.address(openid.attempt(), URL),
    "gateways.openid.identity": lambda: openid.identity(openid.attempt(), URL, "code"),
    "gateways.smtp.send": lambda: smtp.send(RELAY, "a@b.c", ["d@e.f"], b""),
    "gateways.smtp.probe": lambda: smtp.probe(RELAY, "b.c"),
}
SILENT = {
    "gateways.forbid_while": "it says when the others must not talk",
    "gateways.require_outside": "it is what the others ask",
    "gateways.http.check_headers": "it looks at headers",
    "gateways.storage.signed_url": "it signs, and asks nobody",
    "gateways.storage.is_set": "it looks at the settings",
    "gateways.openid.attempt": "it makes secrets",
    "gateways.secrecy.without": "it hides what stands in a text",
    "gateways.providers.line": "it makes a line of a text",
    "gateways.providers.parsed": "it reads what has come",
    "gateways.imap.server": "it looks at a host and a port",
    "gateways.imap.Folder.close": "it hangs up, and waits for nobody",
    "gateways.imap.Line.open": "it is imaplib's, which those that talk call",
    "gateways.imap.Line.send": "it is imaplib's, which those that talk call",
    "gateways.imap.Line.allow": "it sets a deadline",
    "gateways.imap.Line.encrypt": "it goes on with a connection that is open",
    "gateways.imap._Client.begin_tls": "it goes on with a connection that is open",
    "gateways.imap._Client.hang_up": "it hangs up, and waits for nobody",
    "gateways.smtp.relay": "it reads a URL",
    "gateways.smtp.Reply.taken": "it looks at an answer",
    "gateways.smtp.Reply.refused": "it looks at an answer",
    "gateways.smtp.Line.getreply": "it is smtplib's, which the two that send call",
    "gateways.smtp.Line.send": "it is smtplib's, which the two that send call",
    "gateways.smtp.Line.begin_tls": "it goes on with a connection that one of the two has opened",
}


def public(source: Source) -> set[str]:
    """Return the functions of a file, and the methods of its classes, that somebody else may call."""
    found = set()
    for node in source.tree.body:
        if isinstance(node, ast.FunctionDef):
            found.add(f"{source.module}.{node.name}")
        elif isinstance(node, ast.ClassDef):
            methods = (one.name for one in node.body if isinstance(one, ast.FunctionDef))
            found |= {f"{source.module}.{node.name}.{name}" for name in methods}
    return {name for name in found if not name.rpartition(".")[2].startswith("_")}


def test_each_function_of_a_gateway_is_known_as_one_that_talks_or_as_one_that_does_not() -> None:
    found = {name for source in production() if source.module in DOORS for name in public(source)}
    assert found == SENDS.keys() | SILENT.keys(), "a function that nobody called inside a transaction may talk in one"


def test_gateways_are_entered_by_their_doors() -> None:
    others = [source for source in production() if not f"{source.module}.".startswith("gateways.")]
    modules = {source.module for source in production() if source.module.startswith("gateways.")} - DOORS
    entered = {name for source in others for name in imports(source) if name.startswith("gateways.")}
    assert not {name for name in entered if any(f"{name}.".startswith(f"{module}.") for module in modules)}


@pytest.mark.parametrize("name", SENDS)
def test_it_does_not_talk_inside_a_transaction(name: str) -> None:
    before = settings.current()
    configure(database_url="postgresql://nobody@127.0.0.1:1/nowhere")
    try:
        with pytest.raises(RuntimeError, match="inside a transaction"), transaction():
            SENDS[name]()
    finally:
        settings.use(before)


@pytest.mark.parametrize("module", ["api", "tasks.app", "domain.jobs.inline", "counterfoil.crashkit.trial"])
def test_a_process_that_has_transactions_has_told_the_gateways(module: str) -> None:
    program = (
        "import sys, importlib, gateways; importlib.import_module(sys.argv[1]); from db.transaction import is_open; "
        "sys.exit(gateways._is_inside is not is_open)"
    )
    done = subprocess.run([sys.executable, "-c", program, module], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr or f"{module}: nobody called gateways.forbid_while"
