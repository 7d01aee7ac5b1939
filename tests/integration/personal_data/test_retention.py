"""Each kind of personal data goes when its own retention is over."""

import pytest

from tasks.app import cleanup
from tests import chain
from tests.conftest import configure
from tests.integration.personal_data.conftest import MARK, tables_with
from tests.tenant import Tenant

OLD = "clock_timestamp() - interval '10 days'"
MAIL = f"""INSERT INTO mails (organization_id, recipients, template, locale_code, subject, message_id, created_at)
    VALUES (%s, '[]', 'message', 'en', '{MARK}', '', {OLD})"""
LETTER = f"""INSERT INTO mailbox_mails (organization_id, mailbox_id, epoch, uid_validity, uid, message_id, hash,
    subject, sender, size, outcome, attachments, created_at)
    VALUES (%s, 1, 1, 1, 1, '<{MARK}@x>', '\\x00', '{MARK}', '{MARK}', 1, 'imported',
    '[{{"name": "{MARK}.pdf", "bill_id": 1}}]', {OLD})"""
FILE = (
    "INSERT INTO files (organization_id, sha256, size, media_type, write_id)"
    " VALUES (%s, sha256('x'), 1, 'application/pdf', 1)"
)
BILL = f"""INSERT INTO bills (organization_id, sha256, file_name, source, status, reading, decided_at)
    VALUES (%s, sha256('x'), 'x.pdf', 'upload', 'rejected', convert_to('{MARK}', 'UTF8'), {OLD})"""


@pytest.fixture(autouse=True)
def usual_settings_return(settings_return: None) -> None:
    """What a test sets holds for it alone."""


@pytest.mark.parametrize(("days", "left"), [(11, 1), (9, 0)])
def test_mails_go_after_their_retention(organization: Tenant, days: int, left: int) -> None:
    chain.ask(MAIL, organization.id)
    configure(mail_retention_days=days, failed_job_retention_days=1)
    cleanup()
    assert chain.value("SELECT count(*) FROM mails") == left


@pytest.mark.parametrize(("days", "left"), [(11, ["mailbox_mails"]), (9, [])])
def test_an_imported_mail_is_known_and_says_nothing_after_its_retention(
    organization: Tenant, days: int, left: list[str]
) -> None:
    chain.ask(LETTER, organization.id)
    configure(imported_mail_retention_days=days)
    for _ in range(2):
        cleanup()
    assert tables_with() == left
    [(known, kept)] = chain.rows("SELECT hash IS NOT NULL, attachments -> 0 -> 'bill_id' FROM mailbox_mails")
    assert (known, kept) == (True, 1)


@pytest.mark.parametrize(("days", "left"), [(11, 1), (9, 0)])
def test_the_text_of_a_rejected_bill_goes_after_its_retention(organization: Tenant, days: int, left: int) -> None:
    for statement in (FILE, BILL):
        chain.ask(statement, organization.id)
    configure(rejected_bill_retention_days=days)
    cleanup()
    assert chain.value("SELECT count(*) FROM bills WHERE reading IS NOT NULL") == left
    assert chain.value("SELECT count(*) FROM bills") == 1
