"""All background work, one kind a file. Nothing here knows how a job reaches it."""

from importlib import import_module
from pkgutil import iter_modules


def load() -> None:
    """Register every kind in this folder."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
