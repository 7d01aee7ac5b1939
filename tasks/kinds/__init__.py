"""All background work, one kind a file. No file here knows how a job reaches it."""

from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pkgutil import iter_modules

from settings import ConfigurationError

ENTRY_POINTS = "counterfoil.kinds"


def load() -> None:
    """Register the kinds of this folder, then those of other installed packages.

    Raise ConfigurationError if one of those packages cannot be loaded: without it, its jobs would wait for ever.
    """
    _import_all(__name__)
    for point in entry_points(group=ENTRY_POINTS):
        try:
            _import_all(point.value)
        except Exception as error:
            raise ConfigurationError(_refusal(point, error)) from error


def _import_all(name: str) -> None:
    """Import a module; of a package, each module in it as well."""
    for module in iter_modules(getattr(import_module(name), "__path__", [])):
        import_module(f"{name}.{module.name}")


def _refusal(point: EntryPoint, error: Exception) -> str:
    package = point.dist.name if point.dist else "unknown"
    cause = " ".join(f"{type(error).__name__}: {error}".split())
    return f"kinds of package {package}, entry point {point.name} = {point.value}: {cause}"
