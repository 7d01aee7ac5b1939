"""What may happen in one place only. A deliberate exception stands in a table, with its reason."""

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import pytest

import celeryconfig
from domain.jobs.registry import kinds
from tests.architecture.sources import ROOT, Source, calls, imports, parse, production

Finder = Callable[[Source], Iterator[str]]


def transactions(source: Source) -> Iterator[str]:
    """Yield what begins, commits or rolls back, or opens a session or a connection that could."""
    ends = {"commit", "rollback", "begin", "begin_nested", "begin_twophase", "sessionmaker", "scoped_session"}
    yield from (f"{name}()" for name, node in calls(source) if name in ends or (name == "Session" and _bare(node)))
    yield from (name for name in imports(source) if name in ("db.engine.engine", "sqlalchemy.create_engine"))
    for node in source.nodes:
        stored = isinstance(node, ast.Attribute) and node.attr == "autocommit" and isinstance(node.ctx, ast.Store)
        if stored or (isinstance(node, ast.keyword) and node.arg == "autocommit"):
            yield "autocommit"
        if isinstance(node, ast.Constant) and node.value == "AUTOCOMMIT":
            yield "AUTOCOMMIT"


def _bare(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name)


def environment(source: Source) -> Iterator[str]:
    names = {"environ", "environb", "getenv", "putenv", "unsetenv"}
    for node in source.nodes:
        if isinstance(node, ast.Attribute) and node.attr in names and getattr(node.value, "id", "") == "os":
            yield f"os.{node.attr}"
    yield from (name for name in imports(source) if name in {f"os.{attribute}" for attribute in names})


def publishing(source: Source) -> Iterator[str]:
    verbs = {"send_task", "apply_async", "delay", "delay_on_commit", "apply", "signature", "chord"}
    by_celery = any(name.split(".")[0] in ("celery", "kombu", "tasks") for name in imports(source))
    yield from (f"{name}()" for name, _ in calls(source) if by_celery and name in verbs)


def clock(source: Source) -> Iterator[str]:
    for node in source.nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            call = f"{getattr(node.func.value, 'id', getattr(node.func.value, 'attr', ''))}.{node.func.attr}"
            if call in {"time.time", "datetime.now", "datetime.utcnow", "datetime.today", "date.today"}:
                yield f"{call}()"


def engines(source: Source) -> Iterator[str]:
    """Yield the imports of native code that parses what strangers send, and of the modules that jails run."""
    for name in imports(source):
        if f"{name}.".startswith(("plutoprint.", "domain.pdf.renderer.")):
            yield name


def recorders(source: Source) -> Iterator[str]:
    yield from (name for name in imports(source) if name.startswith("opentelemetry"))


class Rule(NamedTuple):
    name: str
    find: Finder
    place: str
    why: str
    exceptions: Mapping[str, str]


RULES = (
    Rule(
        "begins and commits",
        transactions,
        "db/transaction.py",
        "a second place that commits can commit half of a job: effects, completion and token check are one commit",
        {
            "db/engine.py": "it makes the engine that transactions use, and opens none itself",
            "db/migrations/env.py": "alembic has an engine of its own; all its steps share one transaction",
            "db/migrations/locks.py": "it looks on while the migration's own transaction waits, and writes nothing",
            "cli/preflight.py": "its session is idle beside another one, so that a pooler is seen; it writes nothing",
            "db/listener.py": "LISTEN has to run outside a transaction; this connection writes nothing",
            "counterfoil/crashkit/database.py": "CREATE DATABASE cannot run in a transaction; each copy is thrown away",
            "local/postgres.py": "CREATE DATABASE cannot run in a transaction; it is no table of ours",
        },
    ),
    Rule(
        "reads the environment",
        environment,
        "settings.py",
        "a variable read elsewhere is not checked at start, has no default anybody can find and no entry in the docs",
        {},
    ),
    Rule(
        "publishes",
        publishing,
        "tasks/publisher.py",
        "what is published past the outbox is lost with the broker, and runs even if its transaction rolls back",
        {},
    ),
    Rule(
        "parses what strangers send",
        engines,
        "domain/pdf/renderer.py",
        "native code that is taken over outside a jail has the database, the network and every organization's data",
        {},
    ),
    Rule(
        "records spans",
        recorders,
        "cli/otel.py",
        "it is an extra: what imports it elsewhere fails without it, and is loaded where no collector is named",
        {},
    ),
    Rule(
        "asks the process clock for the time of day",
        clock,
        "(nowhere)",
        "the database's clock decides: a machine two hours off must neither end a lease nor date an invoice",
        {
            "domain/jobs/presence.py": "it tells the database its time, so that a clock that is off is seen; no more",
            "console/rendering.py": "it says how long ago something was, and writes nothing",
            "cli/webhook.py": "it checks the age of a message where there is no database, and writes nothing",
        },
    ),
)


def offences(rule: Rule, source: Source) -> list[str]:
    if source.path == rule.place or source.path in rule.exceptions:
        return []
    return [f"{source.path}: {found}; only {rule.place} {rule.name}: {rule.why}" for found in rule.find(source)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_only_one_place(rule: Rule) -> None:
    assert [offence for source in production() for offence in offences(rule, source)] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_exception_is_still_needed(rule: Rule) -> None:
    needed = {source.path for source in production() if any(rule.find(source))}
    assert rule.exceptions.keys() <= needed, "an exception nobody uses hides the next real one: delete it"


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("begins and commits", "session.commit()"),
        ("begins and commits", "with Session(engine) as session: ..."),
        ("begins and commits", "from db.engine import engine"),
        ("begins and commits", "connection.autocommit = True"),
        ("begins and commits", "psycopg.connect(url, autocommit=True)"),
        ("begins and commits", "session.connection(execution_options={'isolation_level': 'AUTOCOMMIT'})"),
        ("reads the environment", "import os\nos.environ['A']"),
        ("reads the environment", "from os import getenv"),
        ("publishes", "from tasks.app import app\napp.send_task('a')"),
        ("publishes", "import celery\nrun.apply_async()"),
        ("parses what strangers send", "import plutoprint"),
        ("parses what strangers send", "from domain.pdf.renderer import render"),
        ("records spans", "from opentelemetry import trace"),
        ("asks the process clock for the time of day", "import time\ntime.time()"),
        ("asks the process clock for the time of day", "import datetime\ndatetime.datetime.now()"),
    ],
)
def test_the_rule_sees(name: str, line: str) -> None:
    rule = next(rule for rule in RULES if rule.name == name)
    assert offences(rule, parse("domain/somewhere.py", line))


SQL_FILES = sorted((ROOT / "db" / "queries").rglob("*.sql"))
TRANSACTION_WORDS = re.compile(r"^\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT)\b", re.IGNORECASE | re.MULTILINE)
FROZEN_CLOCK = re.compile(r"\bnow\(\)|\bcurrent_(timestamp|date|time)\b", re.IGNORECASE)


QUEUE_FOLDERS = ("jobs", "outbox", "statistics", "retention")
QUEUE_FILES = {path.stem for folder in QUEUE_FOLDERS for path in (ROOT / "db" / "queries" / folder).glob("*.sql")}


def queue_statements(source: Source) -> list[str]:
    """Return the queue's statements that a file runs by itself."""
    constants = (node.value for node in source.nodes if isinstance(node, ast.Constant))
    runs = any(name in ("db.queries.run", "db.queries.fetch") for name in imports(source))
    return sorted(QUEUE_FILES & {value for value in constants if isinstance(value, str)}) if runs else []


def test_the_queue_has_one_door() -> None:
    """A second place that moves jobs or reads the outbox knows their columns, and is forgotten when they change."""
    doors = {"db/jobs.py", "db/outbox.py", "db/statistics.py", "db/retention.py", "db/clock.py"}
    assert {s.path: found for s in production() if s.path not in doors and (found := queue_statements(s))} == {}
    assert queue_statements(parse("domain/a.py", "from db.queries import run\nrun(session, 'claim')")) == ["claim"]


def test_no_statement_ends_the_transaction_it_runs_in() -> None:
    assert [path.name for path in SQL_FILES if TRANSACTION_WORDS.search(path.read_text())] == []


def test_statements_read_the_clock_and_not_the_start_of_their_transaction() -> None:
    """now() stands still in a transaction: after a wait for a lock it would give a lease that is over already."""
    assert [path.name for path in SQL_FILES if FROZEN_CLOCK.search(path.read_text())] == []


def test_both_sql_rules_see() -> None:
    assert TRANSACTION_WORDS.search("UPDATE a SET b = 1;\ncommit;")
    assert FROZEN_CLOCK.search("SELECT now()")
    assert not FROZEN_CLOCK.search("SELECT clock_timestamp()")


def delays(source: Source) -> list[str]:
    """Return the calls that ask the broker to hold a message back."""
    return [name for name, node in calls(source) if {k.arg for k in node.keywords} & {"eta", "countdown"}]


def test_nothing_is_asked_to_wait_in_the_broker() -> None:
    """What waits there is lost with it, and an urgent job stands behind it: available_at is where a job waits."""
    assert [source.path for source in production() if delays(source)] == []
    assert delays(parse("a.py", "run.apply_async(countdown=5)"))


def test_celery_keeps_no_promise_of_its_own() -> None:
    assert not celeryconfig.task_acks_late, "docs/decisions/0002: a second way back for the same work"
    assert celeryconfig.result_backend is None, "the row has the result"
    assert celeryconfig.task_ignore_result
    assert celeryconfig.accept_content == ["json"], "a pickled message is code from whoever reaches the broker"
    assert not celeryconfig.task_publish_retry, "the relay's own turn comes again; a hidden retry would block it"


def written(sources: Sequence[Source], word: str) -> list[str]:
    """Return the paths of the files that write out `word` as a string, each as often as it does."""
    nodes = ((source.path, node) for source in sources for node in source.nodes)
    return [path for path, node in nodes if isinstance(node, ast.Constant) and node.value == word]


@pytest.mark.parametrize("kind", [kind.name for kind in kinds()])
def test_the_name_of_a_kind_is_written_once(kind: str) -> None:
    """Written twice, it can be changed in one place alone: what one part enqueues no other would know."""
    assert len(written(production(), kind)) <= 1
    assert written([parse("a.py", f"@job({kind!r})\ndef f(): ...\nKIND = {kind!r}")], kind) == ["a.py", "a.py"]
