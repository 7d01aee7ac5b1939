"""Another installed package brings kinds of its own; one that cannot be loaded stops every part with a clear word."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from db.engine import url
from domain.jobs import registry
from settings import ConfigurationError
from tasks import kinds
from tests.caller import Caller
from tests.conftest import configure
from tests.integration.local.running_stack import counterfoil

GREET = """
from domain.jobs.work import job

@job("{name}", schema={{"type": "object"}})
def greet(context, job):
    return {{"greeting": "hello"}}
"""
REFUSED = [
    ("from nowhere import nothing", "ModuleNotFoundError: No module named 'nowhere'"),
    ("def greet(:", "SyntaxError: invalid syntax (greet.py, line 1)"),
    ("raise ValueError('two\\nlines')", "ValueError: two lines"),
    (
        GREET.format(name="sale.post"),
        "ValueError: two kinds are called sale.post: tasks.kinds.sale_post.post_sale and acme_kinds.greet.greet",
    ),
    (
        GREET.format(name="acme.greet").replace("schema", "lane='slow', schema"),
        "ValueError: the lane of acme.greet must be one of urgent, default, io, ocr, not 'slow'",
    ),
    (
        GREET.format(name="acme.greet").replace("schema", "group=9, schema").replace("return", "yield"),
        "ValueError: the handler of acme.greet yields, so it runs one job at a time: leave out group",
    ),
    (
        GREET.format(name="acme.greet").replace("schema", "retries=3, schema"),
        "TypeError: Kind.__init__() got an unexpected keyword argument 'retries'",
    ),
]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Install the distribution acme-kinds, whose entry point is `target`, for this process; return where it lies."""
    monkeypatch.setattr(registry, "_kinds", registry._kinds.copy())

    def install(code: str, target: str = "acme_kinds") -> Path:
        information = tmp_path / "acme_kinds-1.0.dist-info"
        information.mkdir()
        (information / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-kinds\nVersion: 1.0\n")
        (information / "entry_points.txt").write_text(f"[counterfoil.kinds]\nacme = {target}\n")
        package = tmp_path / "acme_kinds"
        package.mkdir()
        (package / "__init__.py").touch()
        (package / "greet.py").write_text(code)
        monkeypatch.syspath_prepend(tmp_path)
        return tmp_path

    yield install
    for name in [name for name in sys.modules if name.split(".")[0] == "acme_kinds"]:
        del sys.modules[name]


@pytest.mark.parametrize("target", ["acme_kinds", "acme_kinds.greet"], ids=["a package", "a module"])
def test_its_kind_is_listed_and_submitted_and_done_by_cron(client, install, target):
    install(GREET.format(name="acme.greet"), target)
    kinds.load()
    assert "acme.greet" in client.post("/api/v1/jobs", {"type": "no.such", "payload": {}}).json["error"]
    job_id = client.post("/api/v1/jobs", {"type": "acme.greet", "payload": {}}).json["jobId"]
    configure(cron_secret="open sesame")
    Caller("").get("/api/v1/cron/process-jobs", headers={"Authorization": "Bearer open sesame"})
    shown = client.get(f"/api/v1/jobs/{job_id}").json
    assert (shown["status"], shown["result"]) == ("completed", {"greeting": "hello"})


@pytest.mark.parametrize(("code", "cause"), REFUSED, ids=[cause.split(":")[0] for _, cause in REFUSED])
def test_one_that_cannot_be_loaded_is_named_with_its_cause(install, code, cause):
    install(code)
    with pytest.raises(ConfigurationError) as refused:
        kinds.load()
    assert str(refused.value) == f"kinds of package acme-kinds, entry point acme = acme_kinds: {cause}"


def test_an_entry_point_that_names_no_module_is_refused(install):
    install(GREET.format(name="acme.greet"), "acme_kinds.greet:greet")
    with pytest.raises(ConfigurationError, match=r"acme_kinds\.greet:greet: ModuleNotFoundError"):
        kinds.load()


@pytest.mark.parametrize("part", ["api", "relay", "worker", "beat", "flower"])
def test_no_part_starts_beside_one_that_cannot_be_loaded(install, database, broker, part):
    folder = install(GREET.format(name="sale.post"))
    ended = counterfoil(part, DATABASE_URL=url(), BROKER_URL=broker, PYTHONPATH=str(folder))
    [line] = ended.stderr.splitlines()
    assert (ended.returncode, ended.stdout) == (2, "")
    assert line.startswith("counterfoil: kinds of package acme-kinds, entry point acme = acme_kinds: ValueError: two")
