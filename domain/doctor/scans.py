"""Whether scans can be read here, in every script that we know."""

from sqlalchemy.orm import Session

from domain.bills import providers
from domain.bills.reading import recognition
from domain.doctor.findings import Finding, ok, sentence, warning


def scans(session: Session) -> Finding:
    """Whether this process's installation has the extra `ocr`, with its data, unless the OCR service reads scans."""
    if not providers.scans_here():
        return ok("the OCR service is sent the scans")
    if told := recognition.lacking():
        found, _, remedy = told.partition(": ")
        return warning(found, sentence(f"{remedy} wherever an ocr part runs"))
    return ok("text recognition and its data are installed")
