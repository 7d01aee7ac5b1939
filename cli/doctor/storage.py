"""Whether files can be kept, by writing and deleting one."""

from domain.doctor.findings import Finding, ok, unknown, warning, wrong
from gateways import storage


def files() -> Finding:
    """Whether the storage takes a file, and lets it be deleted."""
    if not storage.is_set():
        return unknown("COUNTERFOIL_STORAGE_URL is not set here", "Run this command with the environment of an api.")
    try:
        storage.probe()
    except storage.Misconfigured as error:
        return wrong(str(error), "Correct the COUNTERFOIL_STORAGE_ settings, or what they lead to.")
    except storage.Unavailable as error:
        return warning(str(error), "Have the storage answer: files are refused meanwhile.")
    return ok("a file could be written and deleted")
