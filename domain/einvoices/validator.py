"""The program of the jail that validates: XML in, the broken rules of EN 16931 out, by the official schematron."""

import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from saxonche import PySaxonProcessor, PyXsltExecutable

SVRL = "{http://purl.oclc.org/dsdl/svrl}"
# A warning may be sent; these may not.
FATAL = ("fatal", "error")
CODE_LISTS = re.compile(r"document\('([^']+)'\)")
DECLARATION = re.compile(r"<\?xml.*?\?>", re.DOTALL)
EMPTY = '<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"/>'

_processor = PySaxonProcessor(license=False)
_rules: list[PyXsltExecutable] = []


def prepare(*stylesheets: str) -> None:
    """Compile the rules of each syntax, in the order in which a request counts them, and run each once."""
    for path in stylesheets:
        _rules.append(_processor.new_xslt30_processor().compile_stylesheet(stylesheet_text=_whole(Path(path))))
        _broken(_rules[-1], EMPTY)


def _whole(path: Path) -> str:
    """Return a stylesheet that reads no file: the code lists that it would open at each use are a part of it."""
    rules = path.read_text(encoding="utf-8")
    for number, name in enumerate(sorted(set(CODE_LISTS.findall(rules)))):
        lists = DECLARATION.sub("", path.with_name(name).read_text(encoding="utf-8"), count=1)
        variable = f'<xsl:variable name="lists-{number}">{lists}</xsl:variable>'
        rules = rules.replace(f"document('{name}')", f"$lists-{number}")
        rules = rules.replace("<xsl:param ", f"{variable}<xsl:param ", 1)
    return rules


def answer(request: bytes) -> bytes:
    """Return the broken rules as JSON [[rule, text, place], ...]; the first byte says whose syntax it is, by number."""
    broken = _broken(_rules[request[0]], request[1:].decode())
    return json.dumps(broken).encode()


def _broken(rules: PyXsltExecutable, xml: str) -> list[list[str]]:
    report = rules.transform_to_string(xdm_node=_processor.parse_xml(xml_text=xml))
    found = ElementTree.fromstring(report).iter(f"{SVRL}failed-assert")  # noqa: S314  it is the rules' own
    failed = [one for one in found if one.get("flag", "fatal") in FATAL]
    return [[one.get("id", ""), _text(one), one.get("location", "")] for one in failed]


def _text(failed: ElementTree.Element) -> str:
    text = failed.find(f"{SVRL}text")
    return "" if text is None else " ".join("".join(text.itertext()).split())
