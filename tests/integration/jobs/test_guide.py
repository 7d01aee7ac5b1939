"""The guide to adding a job works: its code is run as it stands there."""

import re
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from domain.jobs import payloads, registry
from tests.architecture.sources import ROOT, parse
from tests.architecture.test_layers import violations

KIND, TESTS = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs" / "adding-a-job.md").read_text(), re.M | re.S)


def run(code: str, name: str) -> dict[str, Any]:
    module = types.ModuleType(name)
    exec(compile(code, f"docs/adding-a-job.md: {name}", "exec"), module.__dict__)
    return module.__dict__


@pytest.fixture(autouse=True)
def kind(monkeypatch) -> Iterator[None]:
    monkeypatch.setattr(registry, "_kinds", registry._kinds.copy())
    run(KIND, "client_import")
    yield
    payloads._validator.cache_clear()


GUIDED = {name: test for name, test in run(TESTS, "test_client_import").items() if name.startswith("test_")}


@pytest.mark.parametrize("test", GUIDED.values(), ids=GUIDED)
def test_the_guides(test: Callable[[Any], None], client):
    test(client)


def test_the_guides_kind_imports_only_what_a_kind_may():
    assert list(violations(parse("tasks/kinds/client_import.py", KIND))) == []
