"""What a mail says, in whose language, and that nothing written by somebody else becomes a header or markup."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Invalid
from domain.mail import addresses, composing, schedule, templates, words
from domain.mail.composing import Envelope, File
from settings import ConfigurationError

CONTENT = {
    "document_type": 380,
    "invoice_number": "INV-000007",
    "issue_date": "2026-01-31",
    "due_date": "2026-02-28",
    "locale_code": "de_DE",
    "currency_code": "EUR",
    "supplier": {"name": "Acme\nLtd"},
    "total": "1234.50",
}
LANGUAGES = {
    "en_IE": "Invoice INV-000007 from Acme Ltd",
    "de_DE": "Rechnung INV-000007 von Acme Ltd",
    "fr_FR": "Facture INV-000007 de Acme Ltd",
    "bg_BG": "Фактура INV-000007 от Acme Ltd",
    "ja_JP": "Invoice INV-000007 from Acme Ltd",
}


def envelope(**changes: object) -> Envelope:
    fields = {
        "message_id": "<mail-7.ab@example.com>",
        "sender": addresses.shown("Acme", "shop@example.com"),
        "reply_to": None,
        "recipients": ["ada@example.com"],
        "subject": "Hello",
        "at": datetime(2026, 1, 31, tzinfo=UTC),
    }
    return Envelope(**fields | changes)


@pytest.mark.parametrize("locale", LANGUAGES)
def test_a_mail_is_in_the_language_of_its_invoice(locale: str) -> None:
    content = CONTENT | {"locale_code": locale}
    assert templates.subject_of_invoice(content) == LANGUAGES[locale]
    written = templates.invoice(content, True, True, None)
    said = words.words(words.language(templates.locale_for(locale)))
    assert written.text.startswith(said[words.GREETING])
    assert said[words.AS_DATA] in written.text
    assert f'lang="{words.language(templates.locale_for(locale))}"' in written.html


def test_every_language_has_every_sentence_with_the_same_places() -> None:
    for path in sorted(words.FOLDER.glob("*.po")):
        said = words.words(path.stem)
        for message in words.MESSAGES:
            places = [part.partition("}")[0] for part in message.split("{")[1:]]
            assert sorted(places) == sorted(part.partition("}")[0] for part in said[message].split("{")[1:]), message
            assert said[message], (path.stem, message)


def test_it_says_what_is_due_until_it_is_paid() -> None:
    assert "28. Februar 2026" in templates.invoice(CONTENT, True, False, None).text
    assert "28. Februar 2026" not in templates.invoice(CONTENT, False, False, None).text
    note = templates.invoice(CONTENT | {"document_type": 381}, True, False, None).text
    assert "Gutschrift INV-000007 vom 31. Januar 2026 über 1.234,50\xa0€" in note
    assert "28. Februar" not in note


def test_what_somebody_wrote_is_text_in_both_forms() -> None:
    written = templates.plain("Dear <b>Ada</b>,\nsecond\n\nlast & least", "en")
    assert "<p>Dear &lt;b&gt;Ada&lt;/b&gt;,<br>second</p>\n<p>last &amp; least</p>" in written.html
    assert written.text == "Dear <b>Ada</b>,\nsecond\n\nlast & least\n"


def test_a_mail_is_ascii_with_short_lines_and_the_same_each_time() -> None:
    written = templates.plain("Ünïcödé " * 500, "de")
    files = [
        File("INV-1.pdf", "application/pdf", bytes(range(256)) * 40),
        File("INV-1.xml", "application/xml", b"<a/>"),
    ]
    data = composing.compose(envelope(subject="Фактура " * 20), written, files)
    assert data == composing.compose(envelope(subject="Фактура " * 20), written, files)
    assert data.isascii()
    assert max(map(len, data.split(b"\r\n"))) <= 998
    assert b"\n" not in data.replace(b"\r\n", b"")
    read = message_from_bytes(data, policy=default)
    assert read["subject"].strip() == ("Фактура " * 20).strip()
    assert [one.get_content() for one in read.iter_attachments()] == [files[0].data, b"<a/>"]
    assert [one.get_filename() for one in read.iter_attachments()] == ["INV-1.pdf", "INV-1.xml"]


def test_more_than_relays_take_is_refused() -> None:
    with pytest.raises(Invalid, match="can be sent"):
        composing.compose(envelope(), templates.plain("a", "en"), [File("a", "a/b", b"x" * composing.MAX_BYTES)])


@given(st.text(), st.sampled_from(["\r", "\n", "\r\n", "\0", "\x85", "\u2028"]), st.text())
def test_no_text_with_a_line_break_becomes_a_header(before: str, line_break: str, after: str) -> None:
    with pytest.raises(Invalid):
        addresses.require_one_line(before + line_break + after, "subject")


@given(st.text(min_size=1, max_size=100))
def test_a_name_of_any_letters_is_one_header(name: str) -> None:
    data = composing.compose(envelope(sender=addresses.shown(name, "shop@example.com")), templates.plain("a", "en"), [])
    read = message_from_bytes(data, policy=default)
    assert set(read.keys()) == {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
    }
    assert read["from"].addresses[0].addr_spec == "shop@example.com"


@pytest.mark.parametrize(
    ("text", "address"),
    [(" ada@example.com ", "ada@example.com"), ("a+b@x", "a+b@x"), ("ada@пример.рф", "ada@xn--e1afmkfd.xn--p1ai")],
)
def test_an_address_is_taken_as_relays_take_it(text: str, address: str) -> None:
    assert addresses.normal(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada",
        "@x",
        "ada@",
        "a b@x",
        "ада@x",
        "ada@x>",
        "ada@x\r\nX: y",
        "a..b@x",
        '"a"@x',
        "a@-x",
        f"{'a' * 65}@x",
        "ada@faß.example",
        "ada@FAẞ.example",
        "ada@βος.example",
    ],
)
def test_what_no_relay_takes_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="to must be an address"):
        addresses.normal(text)


def test_one_address_in_two_spellings_gets_one_mail() -> None:
    assert addresses.distinct(["Ada@Example.com", "ada@example.com"]) == ["ada@example.com"]


def test_the_installations_address_may_have_a_name() -> None:
    assert addresses.sender("Billing <billing@example.com>") == "billing@example.com"
    with pytest.raises(ConfigurationError, match="COUNTERFOIL_MAIL_FROM must be an address"):
        addresses.sender("billing@example.com\r\nBcc: x@y")


def test_it_is_tried_again_within_a_minute_and_for_most_of_a_day() -> None:
    assert 50 < schedule.delay(1) < 70
    assert 18 * 3600 < sum(schedule.DELAYS_S) < 36 * 3600
    assert schedule.delay(99) <= schedule.DELAYS_S[-1] * 1.1
