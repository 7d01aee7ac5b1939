"""Whether scans can be read here, in every script that we know."""

from sqlalchemy.orm import Session

from domain.bills import recognition
from domain.doctor.findings import Finding, ok, warning


def scans(session: Session) -> Finding:
    """Whether this process's installation has the extra `ocr`, with its data."""
    if told := recognition.lacking():
        found, _, remedy = told.partition(": ")
        return warning(found, f"I{remedy[1:]} wherever an ocr part runs.")
    return ok("text recognition and its data are installed")
