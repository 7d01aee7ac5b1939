"""The program of the jail that binds: a printed invoice and its XML in, one PDF in the shape of PDF/A-3b out.

ISO 19005-3 and Factur-X 1.0 (ZUGFeRD 2): the XML is attached and associated (AFRelationship Alternative), the colours
have an output intent, the metadata are XMP, and the file has an ID made of its content.
"""

import io
import json
from xml.sax.saxutils import escape

import pikepdf
from pikepdf import Array, Dictionary, Name, String
from PIL import ImageCms

LENGTH_BYTES = 4
FILE_NAME = "factur-x.xml"
PRODUCER = "Counterfoil"
FX = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
PDFA_EXTENSION = "http://www.aiim.org/pdfa/ns/"
PROPERTIES = {
    "DocumentFileName": "name of the embedded XML invoice file",
    "DocumentType": "INVOICE",
    "Version": "The actual version of the Factur-X XML schema",
    "ConformanceLevel": "The conformance level of the embedded Factur-X data",
}
_profile = b""


def prepare() -> None:
    """Make the colour profile, and read and write one file, so that nothing is opened or imported later."""
    global _profile
    _profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    empty = pikepdf.new()
    empty.add_blank_page()
    page = io.BytesIO()
    empty.save(page)
    bind({"title": "", "author": "", "date": "2000-01-01"}, page.getvalue(), b"<x/>")


def answer(request: bytes) -> bytes:
    """Return the PDF/A; a request is a length and JSON {title, author, date}, a length and the PDF, then the XML."""
    described, rest = _part(request)
    pdf, xml = _part(rest)
    try:
        return bind(json.loads(described), pdf, xml)
    except pikepdf.PdfError as error:
        raise ValueError(str(error)) from None


def bind(described: dict[str, str], pdf: bytes, xml: bytes) -> bytes:
    """Return the PDF with the XML in it; the same arguments give the same bytes."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        moment = String(f"D:{described['date'].replace('-', '')}000000Z")
        _attach(document, xml, moment)
        _colour(document)
        _describe(document, described, moment)
        bound = io.BytesIO()
        document.save(bound, min_version="1.7", deterministic_id=True)
        return bound.getvalue()


def _attach(document: pikepdf.Pdf, xml: bytes, moment: String) -> None:
    embedded = document.make_stream(xml, Type=Name.EmbeddedFile, Subtype=Name("/text/xml"))
    embedded.Params = Dictionary(ModDate=moment, Size=len(xml))
    file = document.make_indirect(
        Dictionary(
            Type=Name.Filespec,
            F=String(FILE_NAME),
            UF=String(FILE_NAME),
            Desc=String("Factur-X invoice"),
            AFRelationship=Name.Alternative,
            EF=Dictionary(F=embedded, UF=embedded),
        )
    )
    document.Root.AF = Array([file])
    document.Root.Names = Dictionary(EmbeddedFiles=Dictionary(Names=Array([String(FILE_NAME), file])))


def _colour(document: pikepdf.Pdf) -> None:
    profile = document.make_stream(_profile, N=3, Alternate=Name.DeviceRGB)
    intent = Dictionary(
        Type=Name.OutputIntent,
        S=Name.GTS_PDFA1,
        OutputConditionIdentifier=String("sRGB"),
        Info=String("sRGB"),
        DestOutputProfile=profile,
    )
    document.Root.OutputIntents = Array([document.make_indirect(intent)])


def _describe(document: pikepdf.Pdf, described: dict[str, str], moment: String) -> None:
    """Say of the document the same in its XMP and in its information dictionary, as PDF/A wants it."""
    document.docinfo = document.make_indirect(
        Dictionary(
            Title=String(described["title"]),
            Author=String(described["author"]),
            Producer=String(PRODUCER),
            CreationDate=moment,
            ModDate=moment,
        )
    )
    day = f"{described['date']}T00:00:00Z"
    metadata = _xmp(escape(described["title"]), escape(described["author"]), day).encode()
    document.Root.Metadata = document.make_stream(metadata, Type=Name.Metadata, Subtype=Name.XML)
    document.Root.MarkInfo = Dictionary(Marked=False)


def _xmp(title: str, author: str, moment: str) -> str:
    properties = "".join(
        f'<rdf:li rdf:parseType="Resource"><pdfaProperty:name>{name}</pdfaProperty:name>'
        "<pdfaProperty:valueType>Text</pdfaProperty:valueType><pdfaProperty:category>external</pdfaProperty:category>"
        f"<pdfaProperty:description>{told}</pdfaProperty:description></rdf:li>"
        for name, told in PROPERTIES.items()
    )
    return f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfaid="{PDFA_EXTENSION}id/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:pdf="http://ns.adobe.com/pdf/1.3/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:fx="{FX}"
 xmlns:pdfaExtension="{PDFA_EXTENSION}extension/" xmlns:pdfaSchema="{PDFA_EXTENSION}schema#"
 xmlns:pdfaProperty="{PDFA_EXTENSION}property#">
<pdfaid:part>3</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>
<pdf:Producer>{PRODUCER}</pdf:Producer>
<xmp:CreateDate>{moment}</xmp:CreateDate><xmp:ModifyDate>{moment}</xmp:ModifyDate>
<fx:DocumentType>INVOICE</fx:DocumentType><fx:DocumentFileName>{FILE_NAME}</fx:DocumentFileName>
<fx:Version>1.0</fx:Version><fx:ConformanceLevel>EN 16931</fx:ConformanceLevel>
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>
<pdfaSchema:namespaceURI>{FX}</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>fx</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq>{properties}</rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


def _part(data: bytes) -> tuple[bytes, bytes]:
    end = LENGTH_BYTES + int.from_bytes(data[:LENGTH_BYTES], "big")
    return data[LENGTH_BYTES:end], data[end:]
