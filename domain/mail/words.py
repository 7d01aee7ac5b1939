"""The words of mails, in the language of an invoice: gettext catalogues in `words/`, one for each language."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from babel import Locale
from babel.messages.pofile import read_po

FOLDER = Path(__file__).with_name("words")
SUBJECT, CREDIT_SUBJECT = "Invoice {number} from {supplier}", "Credit note {number} from {supplier}"
GREETING, REGARDS = "Dear Sir or Madam,", "Kind regards"
ATTACHED = "Please find attached the invoice {number} of {date} for {total}."
CREDIT_ATTACHED = "Please find attached the credit note {number} of {date} for {total}."
DUE = "Please pay by {due}."
AS_DATA = "The invoice is attached as data too (XML of EN 16931), for your accounting software."
MESSAGES = (SUBJECT, CREDIT_SUBJECT, GREETING, ATTACHED, CREDIT_ATTACHED, DUE, AS_DATA, REGARDS)


def language(locale: Locale) -> str:
    """Return the language in which a mail to people of the locale is written: English if there is no catalogue."""
    return locale.language if (FOLDER / f"{locale.language}.po").is_file() else "en"


@lru_cache(maxsize=64)
def words(language: str) -> Mapping[str, str]:
    """Return the text of each of MESSAGES in a language."""
    if language == "en":
        return {message: message for message in MESSAGES}
    with (FOLDER / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language, abort_invalid=True)
    return {message: str(catalogue[message].string) for message in MESSAGES}
