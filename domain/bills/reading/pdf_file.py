"""PDFs, in the jail: the e-invoice that is embedded, the words that are drawn as text, and pictures of the pages."""

import ctypes
import io
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any

import pikepdf
import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image

from domain.bills.reading import text_layer, xml_file
from domain.bills.reading.faults import Fault, Faulty
from domain.bills.reading.limits import MAX_POINTS, MAX_SCAN_PIXELS, MAX_SCAN_SIDE, MAX_SIDE
from domain.bills.reading.picture_file import POINTS_PER_INCH, SCAN_DPI

# As Factur-X, ZUGFeRD 1 and 2, and XRechnung name it, in small letters; the first that is there counts.
XML_NAMES = ("factur-x.xml", "zugferd-invoice.xml", "xrechnung.xml")
MAX_XML = 10 * 1024 * 1024
MAX_ATTACHMENTS = 100
# What pikepdf raises at a structure that is not as it should be.
BROKEN = (pikepdf.PdfError, RecursionError, ValueError, TypeError, KeyError, AttributeError)
MOST_PIXELS_A_POINT = 4.0
LEAST_SIDE = 1.0

# The end of a list of folders: without any, PDFium would look for the fonts of the system while it reads.
_no_folders = (ctypes.POINTER(ctypes.c_char) * 1)()


class PdfFile:
    """A PDF that opens without a password."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        try:
            self._document = pypdfium2.PdfDocument(data)
        except pypdfium2.PdfiumError as error:
            raise Faulty(_fault(error)) from None
        self.pages = len(self._document)
        if not self.pages:
            raise Faulty(Fault.NO_PAGES)

    def text(self) -> dict[str, Any]:
        """Return the words of each page, and the e-invoice in it."""
        return {"pages": [self._words(number) for number in range(self.pages)], "xml": embedded(self._data)}

    def scan(self, page: int) -> Image.Image:
        """Return the page in grey at 200 dpi, or as large as text recognition takes it."""
        shown = self._page(page)
        width, height = _size(shown)
        largest = min((MAX_SCAN_PIXELS / width / height) ** 0.5, MAX_SCAN_SIDE / max(width, height))
        return _drawn(shown, min(SCAN_DPI / POINTS_PER_INCH, largest), grayscale=True).convert("L")

    def picture(self, page: int) -> Image.Image:
        """Return the page, with its longer side at most MAX_SIDE pixels."""
        shown = self._page(page)
        return _drawn(shown, min(MOST_PIXELS_A_POINT, (MAX_SIDE - 1) / max(_size(shown)))).convert("RGB")

    def _words(self, number: int) -> dict[str, Any]:
        page = self._page(number)
        width, height = _size(page)
        words, is_scan = text_layer.words(page)
        return {"width": width, "height": height, "words": words, "scan": is_scan}

    def _page(self, number: int) -> pypdfium2.PdfPage:
        try:
            return self._document[number]
        except pypdfium2.PdfiumError:
            raise Faulty(Fault.DAMAGED) from None


def _fault(error: pypdfium2.PdfiumError) -> Fault:
    if error.err_code in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
        return Fault.PASSWORD
    return Fault.OTHER_KIND


def _size(page: pypdfium2.PdfPage) -> tuple[float, float]:
    width, height = page.get_size()
    return min(max(width, LEAST_SIDE), MAX_POINTS), min(max(height, LEAST_SIDE), MAX_POINTS)


def _drawn(page: pypdfium2.PdfPage, scale: float, **options: Any) -> Image.Image:
    try:
        return page.render(scale=scale, **options).to_pil()
    except pypdfium2.PdfiumError:
        raise Faulty(Fault.DAMAGED) from None


def embedded(data: bytes) -> Mapping[str, Any] | None:
    """Return what an e-invoice that is attached to the PDF says, None if none is or it cannot be read."""
    with suppress(*BROKEN), pikepdf.open(io.BytesIO(data)) as document:
        for file in _named(document):
            with suppress(Faulty):
                return xml_file.fields(_content(file))
    return None


def _named(document: pikepdf.Pdf) -> list[pikepdf.Object]:
    """Return the file specifications that are named as an e-invoice is, the best name first."""
    found = []
    for file in islice(_specifications(document), MAX_ATTACHMENTS):
        names = {str(file[key]).lower() for key in ("/UF", "/F") if key in file}
        found += [(XML_NAMES.index(name), file) for name in names if name in XML_NAMES]
    return [file for _, file in sorted(found, key=lambda one: one[0])]


def _specifications(document: pikepdf.Pdf) -> Iterator[pikepdf.Object]:
    yield from document.Root.get("/AF", ())
    if "/Names" in document.Root and "/EmbeddedFiles" in document.Root.Names:
        for _, file in pikepdf.NameTree(document.Root.Names.EmbeddedFiles).items():
            yield file


def _content(file: pikepdf.Object) -> bytes:
    """Return the bytes of an attached file; raise Faulty if they are packed unusually, or unpack to too many."""
    stream = file["/EF"].get("/F") or file["/EF"]["/UF"]
    told = stream.get("/Filter", pikepdf.Array())
    filters = [str(one) for one in (told if isinstance(told, pikepdf.Array) else [told])]
    raw = stream.read_raw_bytes()
    if filters == ["/FlateDecode"] and "/DecodeParms" not in stream:
        raw = zlib.decompressobj().decompress(raw, MAX_XML + 1)
    elif filters:
        raise Faulty(Fault.DAMAGED)
    if len(raw) > MAX_XML:
        raise Faulty(Fault.DAMAGED)
    return raw


def use_no_fonts_of_the_system() -> None:
    """Have PDFium know only the fonts that it brings along or finds in a file."""
    pdfium.FPDF_DestroyLibrary()
    pdfium.FPDF_InitLibraryWithConfig(pdfium.FPDF_LIBRARY_CONFIG(version=2, m_pUserFontPaths=_no_folders))


def specimens() -> Iterator[tuple[str, bytes]]:
    """Yield a PDF with a font that is not in it and with XML attached, also encrypted without a password."""
    use_no_fonts_of_the_system()
    document = pikepdf.new()
    page = document.add_blank_page(page_size=(200, 100))
    font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.TrueType, BaseFont=pikepdf.Name.Strange)
    page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=font))
    page.Contents = document.make_stream(b"BT /F 12 Tf 10 50 Td (A word and 1 more) Tj ET")
    document.attachments[XML_NAMES[0]] = pikepdf.AttachedFileSpec(document, b"<x/>", filename=XML_NAMES[0])
    for encryption in (False, pikepdf.Encryption(R=6), pikepdf.Encryption(R=4)):
        file = io.BytesIO()
        document.save(file, encryption=encryption)
        yield "application/pdf", file.getvalue()
