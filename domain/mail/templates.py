"""What a mail says, as text and as HTML of the same paragraphs; nothing that somebody wrote is taken for markup."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from html import escape
from typing import Any, NamedTuple

from domain.invoices.request import CREDIT_NOTE
from domain.mail import words
from domain.mail.addresses import BREAKS
from domain.mail.words import AS_DATA, ATTACHED, CREDIT_ATTACHED, CREDIT_SUBJECT, DUE, GREETING, REGARDS, SUBJECT
from domain.templates.formatting import LocalFormat, locale_for

INVOICE, MESSAGE = "invoice", "message"
LONGEST_SUBJECT = 200
PAGE = (
    '<!DOCTYPE html>\n<html lang="{language}"><head><meta charset="utf-8"></head>\n'
    '<body style="font-family: sans-serif; font-size: 14px; line-height: 1.5; color: #222">\n{paragraphs}\n'
    "</body></html>\n"
)


class Written(NamedTuple):
    """The same paragraphs twice."""

    text: str
    html: str


def subject_of_invoice(content: Mapping[str, Any]) -> str:
    """Return the subject of the mail that brings an invoice, given what the ledger has of it."""
    is_credit = content["document_type"] == CREDIT_NOTE
    said = _words(content["locale_code"])[CREDIT_SUBJECT if is_credit else SUBJECT]
    facts = {"number": content["invoice_number"], "supplier": " ".join(content["supplier"]["name"].split())}
    return BREAKS.sub(" ", said.format(**facts))[:LONGEST_SUBJECT]


def invoice(content: Mapping[str, Any], is_unpaid: bool, with_data: bool, message: str | None) -> Written:
    """Return the mail that brings an invoice: `is_unpaid` says when to pay it, `with_data` that its XML comes along."""
    said, form = _words(content["locale_code"]), LocalFormat(content["locale_code"], content["currency_code"])
    is_credit = content["document_type"] == CREDIT_NOTE
    facts = {
        "number": content["invoice_number"],
        "date": form.date(date.fromisoformat(content["issue_date"])),
        "total": form.money(Decimal(content["total"])),
    }
    paragraphs = [said[GREETING], said[CREDIT_ATTACHED if is_credit else ATTACHED].format(**facts)]
    if is_unpaid and content["due_date"] and not is_credit:
        paragraphs.append(said[DUE].format(due=form.date(date.fromisoformat(content["due_date"]))))
    paragraphs += [message] if message else []
    paragraphs += [said[AS_DATA]] if with_data else []
    paragraphs.append(f"{said[REGARDS]}\n{content['supplier']['name']}")
    return _written(paragraphs, words.language(locale_for(content["locale_code"])))


def plain(message: str, locale_code: str) -> Written:
    """Return the mail that says what somebody wrote, and nothing else."""
    return _written(message.replace("\r\n", "\n").split("\n\n"), words.language(locale_for(locale_code)))


def _words(locale_code: str) -> Mapping[str, str]:
    return words.words(words.language(locale_for(locale_code)))


def _written(paragraphs: Sequence[str], language: str) -> Written:
    blocks = [f"<p>{escape(one).replace(chr(10), '<br>')}</p>" for one in paragraphs]
    return Written("\n\n".join(paragraphs) + "\n", PAGE.format(language=language, paragraphs="\n".join(blocks)))
