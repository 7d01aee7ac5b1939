"""What was read in a bill is kept encrypted, and read as if it was not."""

from db.models import Bill
from db.transaction import transaction
from domain import encryption
from domain.bills import readings
from domain.bills.content import Box, Page, Reading, Word
from tests.tenant import Tenant

READING = Reading([Page(1, 595.0, 842.0, "ocr", [Word("Ada", Box(0.1, 0.2, 0.3, 0.4), 0.9)], 0)], None, ())


def test_a_reading_is_encrypted_in_its_row_alone(master_key: str, organization: Tenant) -> None:
    packed = readings.pack(READING)
    with transaction() as session:
        value = readings.sealed(session, organization.id, 7, packed)
        assert value is not None
        assert (packed in value, value[0]) == (False, encryption.VERSION)
        bill = Bill(id=7, organization_id=organization.id, reading=value)
        assert readings.of(session, bill) == readings.unpack(packed)
        assert readings.opened(session, organization.id, 8, value) is None
        assert readings.opened(session, organization.id, 7, packed) == packed, "one that was kept before"
