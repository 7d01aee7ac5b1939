"""What a file says without recognition: words where they stand, an e-invoice where one is, and each page's picture."""

import io

import pikepdf
import pypdfium2
import pytest
from pikepdf import Dictionary, Name
from PIL import Image

from domain.bills.content import TEXT
from domain.bills.reading import reader
from tests.integration.bills import documents
from tests.integration.bills.documents import PDF, soon

INVISIBLE = b"BT /F 12 Tf 3 Tr 50 700 Td (Hidden words that nobody sees on this page) Tj ET"
SEEN = b"BT /F 12 Tf 0 Tr 50 600 Td (Words that everybody sees) Tj ET"


def read(data, media_type=PDF):
    return reader.read_text(data, media_type, soon())


def texts(page):
    return [word.text for word in page.words]


def place(page, text):
    [word] = [word for word in page.words if word.text == text]
    return word.box


@pytest.fixture(scope="module")
def invoice():
    return documents.invoice()


def test_the_words_of_a_page_are_read_where_they_stand_and_in_the_order_in_which_one_reads(invoice):
    reading = read(invoice)
    [page] = reading.pages
    assert (page.number, page.origin, page.turned, reading.xml, reading.scans) == (1, TEXT, 0, None, [])
    assert (round(page.width), round(page.height)) == (595, 842)
    said = "INVOICE Brook and Sons Ltd R-2026/17 VAT BG123456789 31.03.2026 IBAN BG80BNBG96611020345678"
    assert " ".join(texts(page)) == f"{said} Wooden wheels, large 1,234.56 Total to pay 1,481.47"
    box = place(page, "1,481.47")
    assert box.left == pytest.approx(150 / 210, abs=0.005)
    assert 120 / 297 - 0.01 < box.top < 124 / 297 < box.bottom < 128 / 297
    assert {word.confidence for word in page.words} == {1}


@pytest.mark.parametrize(("turned", "where"), [
    (90, lambda box: (1 - box.bottom, box.left)),
    (180, lambda box: (1 - box.right, 1 - box.bottom)),
    (270, lambda box: (box.top, 1 - box.right)),
])  # fmt: skip
def test_on_a_page_that_is_shown_turned_the_words_stand_where_they_are_shown(invoice, turned, where):
    upright = place(read(invoice).pages[0], "R-2026/17")

    def turn(document):
        document.pages[0].Rotate = turned

    [page] = read(documents.changed(invoice, turn)).pages
    assert (page.width > page.height) == (turned != 180)
    box = place(page, "R-2026/17")
    assert (box.left, box.top) == pytest.approx(where(upright), abs=0.002)


def test_text_that_cannot_be_seen_is_not_read():
    reading = read(documents.drawn(INVISIBLE + b" " + SEEN))
    assert texts(reading.pages[0]) == ["Words", "that", "everybody", "sees"]
    assert read(documents.drawn(INVISIBLE)).scans == [1]


def test_text_outside_of_the_page_is_not_read():
    reading = read(documents.drawn(SEEN + b" BT /F 12 Tf 700 600 Td (Aside) Tj ET"))
    assert texts(reading.pages[0]) == ["Words", "that", "everybody", "sees"]


def test_a_page_whose_letters_mean_nothing_is_a_scan():
    """A font may say of its letters that each is one of private use."""
    document = pikepdf.new()
    cmap = b"begincmap 1 begincodespacerange <00> <ff> endcodespacerange 1 beginbfrange <00> <ff> <e000> endbfrange"
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    font.ToUnicode = document.make_stream(cmap + b" endcmap")
    page = document.add_blank_page(page_size=(595, 842))
    page.Resources = Dictionary(Font=Dictionary(F=document.make_indirect(font)))
    page.Contents = document.make_stream(SEEN * 3)
    reading = read(documents.saved(document))
    assert (reading.scans, texts(reading.pages[0])) == ([1], [])


def test_a_page_of_few_letters_is_a_scan_that_keeps_them():
    reading = read(documents.drawn(b"BT /F 12 Tf 50 600 Td (Page 1 of 1) Tj ET"))
    assert (reading.scans, texts(reading.pages[0])) == ([1], ["Page", "1", "of", "1"])


@pytest.mark.parametrize("name", ["factur-x.xml", "ZUGFeRD-invoice.xml", "zugferd-invoice.xml", "XRechnung.xml"])
@pytest.mark.parametrize("by_tree", [True, False])
def test_an_e_invoice_in_a_pdf_is_found_under_each_of_its_names(invoice, name, by_tree):
    reading = read(documents.with_attachment(invoice, documents.ubl(), name, by_tree))
    assert (reading.xml["invoice_number"], reading.xml["total"]) == ("U-1", "120.50")
    assert "INVOICE" in texts(reading.pages[0])


def test_other_attachments_are_left_alone_and_one_that_is_broken_hides_no_page(invoice):
    for xml, name in ((documents.ubl(), "other.xml"), (b"<Invoice", "factur-x.xml"), (b"", "factur-x.xml")):
        reading = read(documents.with_attachment(invoice, xml, name))
        assert (reading.xml, reading.scans) == (None, [])


@pytest.mark.parametrize("encoding", [
    "UTF-8", "UTF-16", "UTF-32", "ISO-8859-1", "iso-8859-15", "Windows-1252", "windows-1251", "koi8-r", "Shift_JIS",
    "cp500",
])  # fmt: skip
def test_an_e_invoice_in_xml_is_read_in_each_encoding(encoding):
    reading = read(documents.ubl(encoding=encoding), "application/xml")
    assert (list(reading.pages), reading.scans, reading.xml["invoice_number"]) == ([], [], "U-1")


def test_letters_of_an_encoding_are_those_that_were_meant():
    assert read(documents.ubl("Ф-1", "windows-1251"), "text/xml").xml["invoice_number"] == "Ф-1"
    strange = documents.ubl("é-1", "iso-8859-1").replace(b"iso-8859-1", b"x-of-ours")
    assert read(strange, "text/xml").xml["invoice_number"] == "é-1"


def test_what_is_attached_within_the_xml_is_not_taken_out():
    reading = read(documents.ubl(attachment=documents.EICAR), "text/xml")
    assert reading.xml["invoice_number"] == "U-1"
    assert "EICAR" not in repr(reading)


@pytest.mark.parametrize(("name", "media_type"), [
    ("PNG", "image/png"), ("JPEG", "image/jpeg"), ("TIFF", "image/tiff"), ("WEBP", "image/webp"),
])  # fmt: skip
def test_a_picture_is_a_scan_and_shown_as_one_holds_it(name, media_type):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: what is stored lies on its side
    data = documents.encoded(Image.new("RGB", (3000, 1500), "red"), name, exif=exif, dpi=(300, 300))
    reading = read(data, media_type)
    [page] = reading.pages
    assert reading.scans == [1]
    assert page.width < page.height
    shown = Image.open(io.BytesIO(reader.picture(data, media_type, 1, soon())))
    assert (shown.format, shown.size) == ("PNG", (1000, 2000))


def test_each_page_of_a_tiff_is_a_page():
    first, second = Image.new("L", (400, 300)), Image.new("L", (300, 400))
    data = documents.encoded(first, "TIFF", save_all=True, append_images=[second])
    reading = read(data, "image/tiff")
    assert [page.width > page.height for page in reading.pages] == [True, False]
    assert reading.scans == [1, 2]
    assert Image.open(io.BytesIO(reader.picture(data, "image/tiff", 2, soon()))).size == (300, 400)


def test_the_picture_of_a_page_shows_what_the_page_shows(invoice):
    shown = Image.open(io.BytesIO(reader.picture(invoice, PDF, 1, soon()))).convert("L")
    assert max(shown.size) in (1999, 2000)
    title = place(read(invoice).pages[0], "INVOICE")
    width, height = shown.size
    inside = (title.left * width, title.top * height, title.right * width, title.bottom * height)
    assert min(shown.crop(tuple(map(int, inside))).tobytes()) < 50
    assert min(shown.crop((0, 0, width, int(title.top * height) - 5)).tobytes()) == 255
    turned = Image.open(io.BytesIO(reader.picture(invoice, PDF, 1, soon(), turned=90)))
    assert turned.size == (height, width)


def test_a_font_that_is_not_in_the_file_is_looked_for_nowhere():
    """In the jail, a look into the folders of the system would be its end."""
    font = Dictionary(Type=Name.Font, Subtype=Name.TrueType, BaseFont=Name("/DejaVuSans"))
    data = documents.drawn(SEEN, fonts=Dictionary(F=font))
    assert texts(read(data).pages[0]) == ["Words", "that", "everybody", "sees"]
    assert reader.picture(data, PDF, 1, soon())


def test_what_is_read_is_what_a_reader_of_pdfs_reads(invoice):
    page = pypdfium2.PdfDocument(invoice)[0].get_textpage().get_text_range()
    assert sorted(texts(read(invoice).pages[0])) == sorted(page.split())
