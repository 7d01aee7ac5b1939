"""Which package may import which. Each rule says what it protects; breaking it is a design decision, not a fix."""

import subprocess
import sys
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.architecture.sources import FIRST_PARTY, ROOT, Source, imports, parse, production

BROKER = {"celery", "kombu", "redis", "amqp"}
WEB = {"flask", "flask_smorest", "marshmallow", "werkzeug", "gunicorn"}


class Layer(NamedTuple):
    """The files under `prefix` (the longest prefix counts), and what they may use."""

    prefix: str
    may: set[str]  # first-party packages and modules, besides itself
    never: set[str]  # third-party packages
    why: str
    only: set[str] | None = None  # when given, the only third-party packages


LAYERS = (
    Layer("settings", set(), set(), "everything imports settings, so it may import nothing of ours", only=set()),
    Layer(
        "celeryconfig", {"settings", "domain.jobs.lanes"}, WEB,
        "it is read before the application exists; of the domain it needs the lanes' names, which are declared once",
    ),
    Layer(
        "db", {"settings"}, BROKER | WEB,
        "db is the floor: SQL and transactions, with no word of the domain, HTTP or Celery in them",
        only={"sqlalchemy", "psycopg", "alembic"},
    ),
    Layer(
        "gateways", {"settings"}, BROKER | WEB,
        "what talks to the world outside knows neither rows nor rules, so it can run with no transaction open",
    ),
    Layer(
        "domain", {"db", "gateways", "settings"}, BROKER | WEB,
        "the same domain code serves HTTP, a worker and a test, so it knows none of them",
    ),
    Layer(
        "tasks", {"db", "domain", "settings"}, WEB,
        "tasks carries jobs to the domain; what HTTP and a worker share belongs in the domain",
    ),
    Layer(
        "tasks.kinds", {"db", "domain", "settings"}, BROKER | WEB,
        "a kind is handed its jobs and must not know how they came; kinds meet by enqueueing, never by import",
    ),
    Layer(
        "api", {"db", "domain", "settings"}, BROKER,
        "an api that cannot reach the broker cannot skip the outbox: that is how 'accepted is durable' is enforced",
    ),
    Layer(
        "console", {"api.http", "db", "domain", "settings"}, BROKER,
        "a page does what an operation of the api does, by the same calls of the domain, on the same floor of HTTP",
    ),
    Layer(
        "local", {"settings"}, {"celery", *WEB},
        "local starts the parts as processes and talks to them over HTTP, as any user does",
    ),
    Layer(
        "counterfoil", {"db", "domain", "local", "settings", "tasks"}, WEB,
        "what others import in their tests runs their kinds as a worker does, on an embedded server",
    ),
)  # fmt: skip
COMPOSITION_ROOT = "cli"  # the one package that may know everything


def layer_of(source: Source) -> Layer:
    matching = [layer for layer in LAYERS if f"{source.module}.".startswith(f"{layer.prefix}.")]
    return max(matching, key=lambda layer: len(layer.prefix))


def violations(source: Source) -> Iterator[str]:
    layer = layer_of(source)
    for name in imports(source):
        top = name.split(".")[0]
        if not _allowed(layer, source, name, top):
            yield f"{source.path} imports {name}: {layer.why}"


def _allowed(layer: Layer, source: Source, name: str, top: str) -> bool:
    if top in FIRST_PARTY:
        own = f"{name}.".startswith(f"{layer.prefix}.") and layer.prefix != "tasks.kinds"
        may = any(f"{name}.".startswith(f"{module}.") for module in layer.may)
        return own or may or (top == "tasks" and layer.prefix == "tasks")
    if top in sys.stdlib_module_names:
        return True
    return top not in layer.never and (layer.only is None or top in layer.only)


@pytest.mark.parametrize(
    "source", [s for s in production() if not f"{s.module}.".startswith(f"{COMPOSITION_ROOT}.")], ids=lambda s: s.path
)
def test_a_file_imports_only_what_its_layer_stands_on(source: Source) -> None:
    assert not list(violations(source))


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("db/engine.py", "import flask"),
        ("db/engine.py", "import requests"),
        ("db/engine.py", "from domain.jobs import registry"),
        ("domain/parties/clients.py", "import celery.app"),
        ("domain/parties/clients.py", "def f():\n    from api import create_app"),
        ("domain/jobs/backoff.py", "from ...tasks import relay"),
        ("tasks/app.py", "from flask import Flask"),
        ("tasks/kinds/a.py", "from tasks.kinds import invoice_generate"),
        ("tasks/kinds/a.py", "from . import invoice_generate"),
        ("tasks/kinds/a.py", "from tasks.app import app"),
        ("tasks/kinds/a.py", "import redis"),
        ("api/jobs/endpoints.py", "from tasks.app import app"),
        ("api/jobs/endpoints.py", "import importlib\nimportlib.import_module('celery')"),
        ("api/jobs/endpoints.py", "from cli.serving import wsgi"),
        ("local/stack.py", "import api"),
        ("settings.py", "import db"),
        ("celeryconfig.py", "from domain.jobs import registry"),
        ("gateways/http.py", "from db.transaction import transaction"),
        ("gateways/http.py", "from domain.jobs import registry"),
        ("tasks/kinds/a.py", "from gateways import http"),
        ("api/jobs/endpoints.py", "from gateways import http"),
        ("api/jobs/endpoints.py", "from console import pages"),
        ("console/jobs.py", "from api.jobs import endpoints"),
        ("console/jobs.py", "from tasks.app import app"),
        ("domain/parties/clients.py", "from tests.tenant import Tenant"),
    ],
)
def test_the_rule_sees(path: str, line: str) -> None:
    assert list(violations(parse(path, line)))


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("db/outbox.py", "from db.queries import run\nimport sqlalchemy.orm"),
        ("celeryconfig.py", "from domain.jobs import lanes"),
        ("domain/webhooks/sending.py", "from gateways import http"),
        ("tasks/relay.py", "from tasks.message import coalesce\nimport kombu"),
        ("tasks/kinds/a.py", "from domain.jobs.work import ClaimedJob, job\nfrom db.models import Client"),
        ("api/jobs/endpoints.py", "from . import errors\nfrom flask import Flask"),
        ("console/jobs.py", "from api.http.changes import change\nfrom domain.jobs import catalogue"),
    ],
)
def test_the_rule_lets_pass(path: str, line: str) -> None:
    assert not list(violations(parse(path, line)))


def test_no_broker_client_is_loaded_when_the_api_is() -> None:
    """What a library drags in is seen here, which no reading of our own imports could."""
    modules = [source.module for source in production() if source.module.split(".")[0] == "api"]
    program = f"import importlib, sys\nfor name in {modules!r}: importlib.import_module(name)\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    loaded = (BROKER | {"tasks"}) & set(done.stdout.split())
    assert not loaded, "importing the api loads a broker client: it could skip the outbox"
