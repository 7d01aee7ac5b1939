"""The style of the design's section 7, as far as a machine can tell it."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

import pytest

from tests.architecture.sources import ROOT, Source, everything, parse, production, strings

LONGEST_FILE, LONGEST_FUNCTION, LONGEST_SQL = 350, 40, 25
SAYS_NOTHING = {"base", "common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"}
QUERIES = ROOT / "db" / "queries"

LONG_SQL = {
    "issue_invoices": "invoices, lines and counters go in one round trip, for the counter is locked until it returns",
    "waiting_streams": "what waits and what each organization may still have are of one moment, asked once a turn",
}


def lengths(source: Source) -> Iterator[tuple[str, int]]:
    """Yield each function with its number of lines, the docstring's not counted: they explain, they do not run."""
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            size = _span(node) - (_span(node.body[0]) if ast.get_docstring(node) else 0)
            yield f"{source.path}:{node.lineno} {node.name}", size


def _span(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def test_the_console_says_once_how_a_thing_looks() -> None:
    css = re.sub(r"/\*.*?\*/", "", (ROOT / "console/static/console.css").read_text(), flags=re.DOTALL)
    plain = re.sub(r"@[^{}]*\{(?:[^{}]*\{[^{}]*\})*\s*\}", "", css)
    selectors = Counter(" ".join(one.split()) for one in re.findall(r"([^{}]+)\{", plain))
    assert len(selectors) > 100
    assert [selector for selector, times in selectors.items() if times > 1] == []


def test_no_file_is_too_long_to_read_at_once() -> None:
    sizes = {source.path: lines(ROOT / source.path) for source in everything()}
    assert {path: size for path, size in sizes.items() if size > LONGEST_FILE} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    functions = [found for source in everything() for found in lengths(source)]
    assert {name: size for name, size in functions if size > LONGEST_FUNCTION} == {}


def test_production_code_keeps_to_its_medians() -> None:
    functions = [size for source in production() for _, size in lengths(source)]
    files = [size for source in production() if (size := lines(ROOT / source.path))]
    assert median(files) <= 80, "half of all files should be readable without scrolling"
    assert median(functions) <= 8, "a function does one thing"
    assert quantiles(functions, n=10)[-1] <= 20, "nine functions of ten fit in a glance"


def test_no_statement_is_too_long_to_read() -> None:
    long = {path.stem for path in QUERIES.rglob("*.sql") if lines(path) > LONGEST_SQL}
    assert long == LONG_SQL.keys(), "split it, or give the reason in LONG_SQL; a reason nobody needs goes"


def test_a_file_is_named_after_what_it_holds() -> None:
    nameless = {s.path for s in everything() if SAYS_NOTHING & set(s.module.lower().replace("_", ".").split("."))}
    assert not nameless, "a name that fits anything gathers everything"


def queried(source: Source) -> Iterator[str]:
    for node in source.nodes:
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "run":
            yield from (a.value for a in node.args if isinstance(a, ast.Constant))


def test_every_statement_asked_for_exists() -> None:
    asked = {name for source in production() for name in queried(source)}
    assert asked <= {path.stem for path in QUERIES.rglob("*.sql")}, "run() would fail when first called"


def test_every_statement_is_used() -> None:
    mentioned = {text for source in production() for text in strings(source)}
    unused = {path.stem for path in QUERIES.rglob("*.sql")} - mentioned
    assert not unused, "a statement nobody runs is not covered by any promise: delete it"


def test_every_folder_of_code_is_a_package() -> None:
    folders = {(ROOT / source.path).parent for source in everything()} - {ROOT}
    folders -= {ROOT / "db" / "migrations" / "versions"}  # alembic loads these by path
    bare = {str(folder.relative_to(ROOT)) for folder in folders if not (folder / "__init__.py").exists()}
    assert not bare, "without __init__.py two tests of the same file name shadow each other"


def test_a_docstring_starts_with_one_sentence() -> None:
    documented = ast.Module | ast.ClassDef | ast.FunctionDef
    for source in production():
        for node in source.nodes:
            text = ast.get_docstring(node) if isinstance(node, documented) else None
            if text:
                line = text.splitlines()[0]
                assert line.endswith((".", ":")), f"{source.path}: the first line is the guarantee, whole: {line!r}"


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("def f(): pass", 1),
        ("@cache\ndef f():\n    pass", 2),
        ('def f():\n    """Say\n    more."""\n    pass', 2),
        ("def f():\n" + "    pass\n" * LONGEST_FUNCTION, LONGEST_FUNCTION + 1),
    ],
)
def test_lines_are_counted_right(text: str, size: int) -> None:
    assert [found for _, found in lengths(parse("a.py", text))] == [size]
