"""Files as suppliers send them: made here, each with words that a test knows."""

import io
import time
import zlib
from collections.abc import Callable

import pikepdf
import pypdfium2
from pikepdf import Array, Dictionary, Name
from PIL import Image

from domain.pdf.rendering import render_pdf

PDF = "application/pdf"
DPI = 200
EICAR = r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
UBL = """<?xml version="1.0" encoding="{encoding}"?>{doctype}
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2" xmlns:a="urn:a" xmlns:b="urn:b">
  <b:ID>{number}</b:ID><b:IssueDate>2026-03-31</b:IssueDate><b:DocumentCurrencyCode>EUR</b:DocumentCurrencyCode>
  <a:AdditionalDocumentReference><b:ID>1</b:ID><a:Attachment>
    <b:EmbeddedDocumentBinaryObject mimeCode="text/csv" filename="x.csv">{attachment}</b:EmbeddedDocumentBinaryObject>
  </a:Attachment></a:AdditionalDocumentReference>
  <a:LegalMonetaryTotal><b:TaxInclusiveAmount currencyID="EUR">120.50</b:TaxInclusiveAmount></a:LegalMonetaryTotal>
</Invoice>"""
INVOICE = """<style>@page {{ margin: 0 }} body {{ font: 12pt sans-serif }} p {{ position: absolute; margin: 0 }}</style>
<p style="left: 20mm; top: 20mm; font-size: 24pt">{title}</p>
<p style="left: 20mm; top: 50mm">{supplier}</p><p style="left: 120mm; top: 50mm">{number}</p>
<p style="left: 20mm; top: 65mm">VAT BG123456789</p><p style="left: 120mm; top: 65mm">31.03.2026</p>
<p style="left: 20mm; top: 80mm">IBAN BG80BNBG96611020345678</p>
<p style="left: 20mm; top: 110mm">{goods}</p><p style="left: 150mm; top: 110mm">1,234.56</p>
<p style="left: 20mm; top: 120mm">{total}</p><p style="left: 150mm; top: 120mm">1,481.47</p>
<p style="left: 20mm; top: 140mm; width: 160mm">{notes}</p>"""
LATIN = {
    "title": "INVOICE", "supplier": "Brook and Sons Ltd", "number": "R-2026/17", "goods": "Wooden wheels, large",
    "total": "Total to pay", "notes": "",
}  # fmt: skip
CYRILLIC = {
    "title": "ФАКТУРА", "supplier": "Ромашка ООД", "number": "Номер 0000012345", "goods": "Дървени колела, големи",
    "total": "Обща сума за плащане",
    "notes": "Стоката остава собственост на продавача до пълното плащане на фактурата. Моля, посочете номера на "
    "фактурата като основание за плащане. Благодарим ви, че избрахте нашата работилница за дървени изделия в Пловдив.",
}  # fmt: skip


def soon(seconds: float = 60) -> float:
    return time.monotonic() + seconds


def ubl(number: str = "U-1", encoding: str = "UTF-8", doctype: str = "", attachment: str = "") -> bytes:
    """Return an e-invoice; in an encoding of two bytes it has a mark of their order."""
    text = UBL.format(number=number, encoding=encoding, doctype=doctype, attachment=attachment)
    return text.encode(encoding)


def printed(html: str) -> bytes:
    return render_pdf(html, organization_id=1)


def invoice(words: dict[str, str] = LATIN) -> bytes:
    """Return an invoice as a PDF with text."""
    return printed(INVOICE.format(**words))


def drawn(content: bytes, *, filters: object = None, fonts: Dictionary | None = None, pages: int = 1) -> bytes:
    """Return a PDF whose pages have this content."""
    document = pikepdf.new()
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    for _ in range(pages):
        page = document.add_blank_page(page_size=(595, 842))
        page.Resources = Dictionary(Font=fonts or Dictionary(F=font))
        page.Contents = document.make_stream(content, **({"Filter": filters} if filters else {}))
    return saved(document)


def saved(document: pikepdf.Pdf, **options: object) -> bytes:
    file = io.BytesIO()
    document.save(file, compress_streams=False, **options)
    return file.getvalue()


def changed(pdf: bytes, change: Callable[[pikepdf.Pdf], None], **options: object) -> bytes:
    """Return the PDF after `change`."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        change(document)
        return saved(document, **options)


def with_attachment(pdf: bytes, xml: bytes, name: str, by_tree: bool = True, packed: bool = False) -> bytes:
    """Return the PDF with a file attached: named in the tree of attachments, or among the associated files alone."""

    def attach(document: pikepdf.Pdf) -> None:
        stream = document.make_stream(xml, Type=Name.EmbeddedFile, **({"Filter": Name.FlateDecode} if packed else {}))
        file = document.make_indirect(Dictionary(Type=Name.Filespec, F=name, UF=name, EF=Dictionary(F=stream)))
        if by_tree:
            document.Root.Names = Dictionary(EmbeddedFiles=Dictionary(Names=Array([pikepdf.String(name), file])))
        else:
            document.Root.AF = Array([file])

    return changed(pdf, attach)


def zeros(size: int, unit: bytes = b" ") -> bytes:
    """Return deflated bytes that become so many, made without having them all."""
    deflate = zlib.compressobj(1)
    block = unit * (1_000_000 // len(unit))
    return b"".join([*(deflate.compress(block) for _ in range(size // len(block))), deflate.flush()])


def pictures(pdf: bytes) -> list[Image.Image]:
    """Return each page as a scanner sees it."""
    return [page.render(scale=DPI / 72, grayscale=True).to_pil().convert("L") for page in pypdfium2.PdfDocument(pdf)]


def encoded(image: Image.Image, name: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def scanned(pdf: bytes, turned: int = 0) -> bytes:
    """Return a PDF of pictures of the pages, turned clockwise."""
    first, *others = [image.rotate(-turned, expand=True) for image in pictures(pdf)]
    return encoded(first, "PDF", resolution=DPI, save_all=True, append_images=others)


def chunk(name: bytes, body: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")


def png(width: int, height: int, body: bytes = b"", colours: int = 0) -> bytes:
    """Return a PNG that says it is so large, whatever its body is."""
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, colours, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def joined(*pdfs: bytes) -> bytes:
    """Return a PDF with the pages of all."""

    def add(document: pikepdf.Pdf) -> None:
        for pdf in pdfs[1:]:
            document.pages.extend(pikepdf.open(io.BytesIO(pdf)).pages)

    return changed(pdfs[0], add)
