"""Pages without text of their own are recognized, whichever way they lie, in the jail that has the models."""

import io
import time
import unicodedata

import psutil
import pytest
from PIL import Image

from domain.bills.content import OCR, TEXT
from domain.bills.reading import reader, recognition, tessdata
from domain.bills.reading.faults import NotInstalled, Unreadable
from domain.doctor import scans
from domain.jail.process import Jail
from tests.conftest import configure
from tests.integration.bills import documents
from tests.integration.bills.documents import PDF, soon
from tests.waiting import wait_until

# What stands on the invoice, that any reader has to find.
SAID = ["INVOICE", "R-2026/17", "BG123456789", "31.03.2026", "BG80BNBG96611020345678", "1,234.56", "1,481.47", "Total"]


@pytest.fixture(scope="module")
def invoice():
    return documents.invoice()


@pytest.fixture(scope="module")
def scan(invoice):
    return documents.scanned(invoice)


@pytest.fixture(scope="module")
def reading(scan):
    return reader.read(scan, PDF, "en", soon())


def texts(page):
    return [word.text for word in page.words]


def test_a_scan_is_read(reading):
    [page] = reading.pages
    assert (page.origin, page.turned, reading.scans) == (OCR, 0, [])
    assert set(SAID) <= set(texts(page))
    assert all(0.5 < word.confidence <= 1 for word in page.words)
    assert texts(page)[0] == "INVOICE"
    assert texts(page)[-1] == "1,481.47"


def test_its_words_stand_where_those_of_the_print_stand(reading, invoice):
    printed = {word.text: word.box for word in reader.read_text(invoice, PDF, soon()).pages[0].words}
    for word in reading.pages[0].words:
        if word.text in SAID:
            ours, theirs = word.box, printed[word.text]
            assert [(ours.left + ours.right) / 2, (ours.top + ours.bottom) / 2] == pytest.approx(
                [(theirs.left + theirs.right) / 2, (theirs.top + theirs.bottom) / 2], abs=0.01
            ), word.text


@pytest.mark.parametrize("turned", [90, 180, pytest.param(270, marks=pytest.mark.chaos)])
def test_a_scan_that_lies_on_its_side_is_read_and_shown_upright(invoice, turned):
    data = documents.encoded(documents.pictures(invoice)[0].rotate(-turned, expand=True), "JPEG", quality=60)
    [page] = reader.read(data, "image/jpeg", "en", soon()).pages
    assert page.turned == 360 - turned
    assert page.width < page.height
    assert set(SAID) <= set(texts(page))
    assert texts(page)[0] == "INVOICE"
    shown = Image.open(io.BytesIO(reader.picture(data, "image/jpeg", 1, soon(), page.turned)))
    assert shown.width < shown.height


def test_cyrillic_is_read_as_cyrillic_and_its_codes_as_latin():
    assert tessdata.lacking() == [], "the extra ocr has the data of tesseract"
    data = documents.scanned(documents.invoice(documents.CYRILLIC))
    [page] = reader.read(data, PDF, "en", soon()).pages
    assert {"ФАКТУРА", "Номер", "Ромашка", "Обща", "сума"} <= set(texts(page))
    assert {"0000012345", "BG123456789", "BG80BNBG96611020345678", "31.03.2026", "1,481.47"} <= set(texts(page))


def test_a_latin_page_that_is_taken_for_cyrillic_is_read_as_latin(invoice):
    page = documents.pictures(invoice)[0]
    head = documents.encoded(page.crop((0, 0, page.width, page.height * 34 // 100)), "PNG")
    read = texts(reader.read(head, "image/png", "bg", soon()).pages[0])
    assert {"INVOICE", "R-2026/17", "BG123456789", "31.03.2026", "BG80BNBG96611020345678"} <= set(read)
    assert not [word for word in read if any("CYRILLIC" in unicodedata.name(letter, "") for letter in word)]
    assert len(read) == len(set(read)), "no word is there twice"


def test_of_several_pages_only_those_without_text_are_recognized_as_many_as_time_allows(invoice, scan, monkeypatch):
    mixed = documents.joined(invoice, scan, scan)
    text = reader.read_text(mixed, PDF, soon())
    assert text.scans == [2, 3]
    monkeypatch.setattr(reader, "ANOTHER_S", 3600)
    first = reader.read_scans(text, mixed, PDF, "en", soon())
    assert ([page.origin for page in first.pages], first.scans) == ([TEXT, OCR, TEXT], [3])
    whole = reader.read_scans(first, mixed, PDF, "en", soon())
    assert ([page.origin for page in whole.pages], whole.scans) == ([TEXT, OCR, OCR], [])
    assert texts(whole.pages[1]) == texts(whole.pages[2])


def test_a_picture_of_no_text_says_so():
    cat = documents.encoded(Image.effect_mandelbrot((600, 400), (-2, -1, 1, 1), 60), "PNG")
    with pytest.raises(Unreadable) as refusal:
        reader.read(cat, "image/png", "en", soon())
    assert refusal.value.reason == "No text was found in it."


def test_an_installation_without_recognition_reads_all_else_and_says_what_is_lacking(invoice, scan, monkeypatch):
    monkeypatch.setattr(recognition, "LIBRARIES", ("no_such_library",))
    with pytest.raises(NotInstalled, match="cannot read scans: choose another COUNTERFOIL_OCR_PROVIDER, or install"):
        reader.read(scan, PDF, "en", soon())
    assert reader.read(invoice, PDF, "en", soon()).scans == []
    mixed = reader.read(documents.joined(invoice, scan), PDF, "en", soon())
    assert (texts(mixed.pages[0])[0], mixed.scans) == ("INVOICE", [])
    assert mixed.unread == {recognition.NOT_INSTALLED: [2]}
    finding = scans.scans(None)
    assert (finding.verdict, finding.measured, finding.remedy) == (
        "warning", "this installation cannot read scans",
        "Choose another COUNTERFOIL_OCR_PROVIDER, or install the extra ocr wherever an ocr part runs.",
    )  # fmt: skip


def test_nothing_is_lacking_where_the_ocr_service_is_sent_the_scans(monkeypatch, settings_return):
    monkeypatch.setattr(recognition, "LIBRARIES", ("no_such_library",))
    configure(ocr_provider="vision")
    assert scans.scans(None).verdict == "ok"


def test_without_the_data_that_tells_scripts_apart_no_letter_is_believed(monkeypatch):
    cyrillic = documents.scanned(documents.invoice(documents.CYRILLIC))
    blind = Jail(recognition.PROGRAM, lambda: [file for file in tessdata.files() if "osd" not in file])
    monkeypatch.setattr(recognition, "_jail", blind)
    try:
        [page] = reader.read(cyrillic, PDF, "en", soon()).pages
    finally:
        blind.close()
    letters = [word for word in page.words if any(map(str.isalpha, word.text))]
    assert letters
    assert all(word.confidence <= 0.3 for word in letters)


def test_data_that_is_lacking_is_named(monkeypatch):
    monkeypatch.setattr(tessdata, "FOLDERS", (tessdata.HERE,))
    assert scans.scans(None).measured == "scans are read without tesseract's data osd, eng"
    monkeypatch.setattr(tessdata, "FOLDERS", ())
    assert tessdata.lacking() == list(tessdata.NEEDED)


def test_the_models_are_in_one_process_alone_that_has_one_thread(reading):
    keepers = [child for child in psutil.Process().children() if recognition.PROGRAM in child.cmdline()]
    assert len(keepers) == 1
    assert keepers[0].num_threads() == 1, "a fork has none of them, and may start none"
    wait_until(lambda: keepers[0].children() == [], message="a page's process outlives it")


def test_recognition_that_is_killed_once_is_tried_once_more(scan, monkeypatch):
    start, started = recognition._jail.start, []

    def doomed(deadline):
        process = start(deadline)
        started.append(time.monotonic())
        if len(started) == 1:
            process._keeper.end(process.pid)
        return process

    monkeypatch.setattr(recognition._jail, "start", doomed)
    reading = reader.read(scan, PDF, "en", soon())
    assert (len(started), reading.pages[0].origin) == (2, OCR)
