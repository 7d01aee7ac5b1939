"""The project's own Python files, as syntax trees."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("api", "cli", "console", "counterfoil", "db", "domain", "gateways", "local", "tasks")
ROOT_MODULES = ("celeryconfig", "settings")
FIRST_PARTY = {*PACKAGES, *ROOT_MODULES, "tests", "bench"}


@dataclass(frozen=True)
class Source:
    """A file under its path from the root, with its tree."""

    path: str
    tree: ast.Module

    @property
    def module(self) -> str:
        """Return the dotted name that other files import it by."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Return the nodes of the tree, which each rule looks through."""
        return list(ast.walk(self.tree))


def parse(path: str, text: str) -> Source:
    return Source(path, ast.parse(text))


@cache
def production() -> list[Source]:
    """Return every file that is installed with the package."""
    files = [ROOT / f"{name}.py" for name in ROOT_MODULES]
    return _read(files + [file for name in PACKAGES for file in sorted((ROOT / name).rglob("*.py"))])


@cache
def everything() -> list[Source]:
    """Return the production files, the tests and the benchmarks."""
    files = [file for name in ("tests", "bench") for file in sorted((ROOT / name).rglob("*.py"))]
    # bench/.peers holds what the benchmark installs for itself: the code of others.
    return production() + _read(file for file in files if ".peers" not in file.parts)


def _read(files) -> list[Source]:
    return [parse(file.relative_to(ROOT).as_posix(), file.read_text()) for file in files]


def imports(source: Source) -> Iterator[str]:
    """Yield the dotted name of every module imported anywhere in the file, also inside functions and by name."""
    for node in source.nodes:
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from _imported_from(source, node)
        elif isinstance(node, ast.Call) and called(node.func) in {"import_module", "__import__"}:
            yield from (a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str))


def _imported_from(source: Source, node: ast.ImportFrom) -> Iterator[str]:
    parent = source.module.split(".")
    if not source.path.endswith("__init__.py"):
        parent = parent[:-1]
    base = parent[: len(parent) - node.level + 1] if node.level else []
    prefix = ".".join([*base, *([node.module] if node.module else [])])
    # `from tasks import relay` imports the module tasks.relay, so the imported names count as well.
    yield from (f"{prefix}.{name.name}" for name in node.names)


def called(function: ast.expr) -> str:
    """Return the last name of what is called: `commit` for `session.commit`."""
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def calls(source: Source) -> Iterator[tuple[str, ast.Call]]:
    """Yield the last name and the node of each call in the file."""
    for node in source.nodes:
        if isinstance(node, ast.Call):
            yield called(node.func), node


def strings(source: Source) -> Iterator[str]:
    """Yield every string constant of the file."""
    for node in source.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
