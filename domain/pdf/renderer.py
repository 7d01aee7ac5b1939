"""The program of the jail that prints: HTML in, PDF out, with the fonts that its parent names and nothing else."""

import io
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.sax.saxutils import escape

import plutoprint

# Fontconfig reads these too, but the parent, which counts the fonts, does not.
UNCOUNTED = ("otc", "woff", "woff2", "pfa", "pfb", "pcf", "pcf.gz", "bdf", "dfont")
# Only the named folders exist: a font of the system would make one invoice look different on two machines. A cache is
# neither needed nor can it be written; without its line one appears in HOME.
FONTCONFIG = """<?xml version="1.0"?>
<fontconfig>
  {}
  <cachedir>/dev/null</cachedir>
  <selectfont><rejectfont>{}</rejectfont></selectfont>
  <alias binding="same"><family>sans-serif</family><prefer><family>Noto Sans</family></prefer></alias>
</fontconfig>"""
MAX_PAGES = 5000
MAX_PDF = 50 * 1024 * 1024
EPOCH = "2000-01-01T00:00:00Z"
WARM_UP = "<p>regular <b>bold</b></p>"


class TooLarge(ValueError):
    """The document is beyond what may be printed; the message says by which measure."""


class NoFetcher(plutoprint.ResourceFetcher):
    """Refuses every address. Only data: addresses work: the engine decodes them without asking."""

    def fetch_url(self, url: str) -> plutoprint.ResourceData:
        raise plutoprint.Error("a template can fetch nothing")


class BoundedBuffer(io.BytesIO):
    def write(self, data) -> int:  # type: ignore[no-untyped-def]
        if self.tell() + len(data) > MAX_PDF:
            raise TooLarge(f"the PDF is larger than {MAX_PDF // 1024 // 1024} MB")
        return super().write(data)


def render(html: str) -> bytes:
    book = plutoprint.Book(plutoprint.PAGE_SIZE_A4)
    book.custom_resource_fetcher = NoFetcher()
    book.load_html(html)
    # Loading resets the metadata; with the clock's date in it the same invoice would differ at each rendering.
    book.set_metadata(plutoprint.PDF_METADATA_CREATION_DATE, EPOCH)
    book.set_metadata(plutoprint.PDF_METADATA_MODIFICATION_DATE, EPOCH)
    if not 1 <= book.get_page_count() <= MAX_PAGES:
        raise TooLarge(f"the document has {book.get_page_count():,} pages; 1 to {MAX_PAGES} can be printed")
    pdf = BoundedBuffer()
    book.write_to_pdf_stream(pdf)
    return pdf.getvalue()


def prepare(specimens: str, *folders: str) -> None:
    """Load the fonts in these folders, each of which `specimens` uses; a document can name no other."""
    with TemporaryDirectory() as place:
        named = "".join(f"<dir>{escape(folder)}</dir>" for folder in folders)
        rejected = "".join(f"<glob>*.{suffix}</glob>" for suffix in UNCOUNTED)
        Path(place, "fonts.conf").write_text(FONTCONFIG.format(named, rejected), encoding="utf-8")
        plutoprint.plutobook_set_fontconfig_path(place)
        if b"NotoSans-Bold" not in render(WARM_UP + specimens):
            sys.exit(f"no fonts in {folders}: every page would be blank")


def answer(request: bytes) -> bytes:
    """Return the PDF of HTML in UTF-8; raise ValueError with the reason that the author of the HTML reads."""
    try:
        return render(request.decode())
    except plutoprint.Error as error:
        raise ValueError(str(error)) from None
