"""The README's walk-through works on a fresh stack, as it stands there, and answers what it shows."""

import json
import os
import re
import subprocess
from collections.abc import Iterator

import pytest

from tests import bodies
from tests.architecture.sources import ROOT
from tests.integration.local.running_stack import RunningStack

README = (ROOT / "README.md").read_text()
BLOCK = re.compile(r"^```(sh|json)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
# Dates, months in numbers and hashes are those of the day on which somebody tries it.
OF_THE_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(T[\d:.]+Z)?|\b[0-9a-f]{63,64}\b|(?<=-)\d{6}(?=-)")


def steps() -> Iterator[tuple[str, str | None]]:
    """Yield each shell block of the walk-through, with the answer that it shows for its last command."""
    text = README.partition("## Use it\n")[2].partition("\n## ")[0]
    blocks = BLOCK.findall(text)
    for (language, block), (next_language, answer) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if language == "sh":
            yield block, answer if next_language == "json" else None


def undated(text: str) -> object:
    return json.loads(OF_THE_DAY.sub("*", text))


@pytest.fixture(scope="module")
def stack(tmp_path_factory) -> Iterator[RunningStack]:
    with RunningStack(tmp_path_factory.mktemp("readme") / "data") as stack:
        yield stack


def test_the_walk_through_works_literally(stack, tmp_path) -> None:
    facts, shown = stack.facts, 0
    # A function, so that a refusal ends the block; else curl takes a 400 for a success.
    script = 'set -e\ncurl() { command curl --fail-with-body "$@" && echo; }\nKEY=cf_...\n'
    for block, answer in steps():
        text = (script + block).replace("http://127.0.0.1:8000", facts["url"]).replace("cf_...", facts["apiKey"])
        done = subprocess.run(["bash", "-c", text], cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
        if answer:
            assert undated(done.stdout.splitlines()[-1]) == undated(answer), block
            shown += 1
    assert shown >= 5
    assert (tmp_path / "INV-000002.pdf").read_bytes().startswith(b"%PDF")


def test_an_application_beside_it_repeats_a_call_without_harm(stack, monkeypatch) -> None:
    monkeypatch.setitem(os.environ, "INVOICING_URL", stack.facts["url"])
    monkeypatch.setitem(os.environ, "INVOICING_KEY", stack.facts["apiKey"])
    [code] = PYTHON.findall(README)
    names: dict = {}
    exec(compile(code, "README.md", "exec"), names)
    body = bodies.invoice(stack.facts["supplierId"])
    order = {"number": 17, "client": body["client"], "items": body["items"]}
    assert names["request_invoice"](order) == names["request_invoice"](order)
    assert names["request_invoice"](order | {"number": 18}) != names["request_invoice"](order)
