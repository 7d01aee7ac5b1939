"""What cannot be printed is not issued: the same rule on every path, looked at before a number is taken.

The size needs no rule of its own: each template was tried with the largest invoice that a request can ask for.
"""

from collections.abc import Iterator, Mapping

from domain.errors import Invalid
from domain.invoices.request import InvoiceRequest
from domain.pdf.typefaces import undrawable, undrawable_in


def check(request: InvoiceRequest) -> None:
    """Raise Invalid naming each field of the request that has a character which no font can draw."""
    require_drawable(dict(_texts(request)))


def require_drawable(texts: Mapping[str, object]) -> None:
    """Raise Invalid naming each field whose text has a character that no font can draw."""
    if undrawable("\n".join(str(text) for text in texts.values())):
        raise Invalid.fields({field: [told] for field, text in texts.items() if (told := undrawable_in(str(text)))})


def _texts(request: InvoiceRequest) -> Iterator[tuple[str, object]]:
    for number, item in enumerate(request.items):
        yield f"items[{number}].description", item.description
    if request.notes:
        yield "notes", request.notes
    for name, value in request.client.items():
        yield f"client.{name}", value
