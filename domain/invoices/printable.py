"""What cannot be printed is not issued: the same rules on every path, looked at before a number is taken."""

import re
from collections.abc import Iterator, Mapping

from domain.errors import Invalid
from domain.invoices.request import InvoiceRequest
from domain.pdf.fonts import undrawable, undrawable_in

# Of all that lines, notes and terms say. Each template was tried with so many, of the widest letter, when it was saved.
MAX_LETTERS = 200_000
UNDERSCORED = re.compile(r"_(\w)")


def check(request: InvoiceRequest) -> None:
    """Raise Invalid if the request's own text is more than can be printed, or has what no font can draw."""
    texts = [item.description for item in request.items]
    texts += [text for item in request.items for text in item.details().values()]
    texts += [request.notes or "", *map(str, request.terms.values())]
    letters = sum(map(len, texts))
    if letters > MAX_LETTERS:
        told = f"the lines and notes have {letters:,} letters; at most {MAX_LETTERS:,} can be printed"
        raise Invalid.sentence(told, "items")
    if undrawable("\n".join(texts)):
        require_drawable(dict(_texts(request)))


def check_parties(parties: Mapping[str, Mapping[str, object]]) -> None:
    """Raise Invalid if a party has what no font can draw: it may have been saved while there were more fonts."""
    if undrawable("\n".join(str(text) for fields in parties.values() for text in fields.values())):
        require_drawable(
            {f"{party}.{_camel(name)}": text for party, fields in parties.items() for name, text in fields.items()}
        )


def require_drawable(texts: Mapping[str, object]) -> None:
    """Raise Invalid naming each field whose text has a character that no font can draw."""
    if undrawable("\n".join(str(text) for text in texts.values())):
        raise Invalid.fields({field: [told] for field, text in texts.items() if (told := undrawable_in(str(text)))})


def _texts(request: InvoiceRequest) -> Iterator[tuple[str, object]]:
    for number, item in enumerate(request.items):
        yield f"items[{number}].description", item.description
        for name, text in item.details().items():
            yield f"items[{number}].{_camel(name)}", text
    if request.notes:
        yield "notes", request.notes
    for name, text in request.terms.items():
        yield _camel(name), text


def _camel(name: str) -> str:
    return UNDERSCORED.sub(lambda match: match[1].upper(), name)
