"""Files as a test has them stored and kept."""

from db.transaction import transaction
from domain.files import storing
from domain.files.spooling import spool
from domain.files.storing import File
from tests import chain
from tests.tenant import Tenant

BILL = b"%PDF-1.4\na bill"
COLLECT = "files.collect"


def stored(tenant: Tenant, body: bytes = BILL) -> File:
    """Return a file that is in the storage, and not kept."""
    with spool([body]) as spooled:
        return storing.store(tenant.id, spooled)


def kept(tenant: Tenant, body: bytes = BILL) -> File:
    """Return a file that is kept."""
    file = stored(tenant, body)
    with transaction() as session:
        return storing.keep(session, file)


def a_day_passes() -> None:
    """Have all writes be older than they may be without being kept."""
    chain.ask("UPDATE file_writes SET stored_at = stored_at - interval '25 hours'")


def rows() -> tuple[int, int]:
    """Return how many files are kept, and how many writes are not."""
    [counted] = chain.rows("SELECT (SELECT count(*) FROM files), (SELECT count(*) FROM file_writes)")
    return counted
