"""Markup in a template that would run code or fetch something is named before the template is saved.

This is for a clear message; the wall is the renderer, which fetches nothing whatever the markup says.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

FORBIDDEN_ELEMENTS = frozenset(["script", "iframe", "frame", "object", "embed", "applet", "link", "base"])
ADDRESS_ATTRIBUTES = frozenset(
    ["src", "srcset", "href", "xlink:href", "background", "data", "action", "formaction", "poster", "longdesc", "cite", "manifest"]
)
INLINE = ("data:image/", "#")
CLICKED = ("https:", "http:", "mailto:", "tel:")
CSS_IMPORT = re.compile(r"@import", re.IGNORECASE)
CSS_FETCH = re.compile(r"""url\(\s*["']?\s*(?!data:image/|\#|["'\s])[^)]{0,60}""", re.IGNORECASE)


class Inspection(HTMLParser):
    """Collects what has to be removed from a template."""

    def __init__(self) -> None:
        super().__init__()
        self.findings: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        if tag in FORBIDDEN_ELEMENTS:
            self.findings.append(f"remove <{tag}>: a template can run no code and fetch nothing")
        if "{{" in (self.get_starttag_text() or ""):
            self.findings.append(
                f"move the placeholder out of the <{tag}> tag: a placeholder stands in text only"
            )
        for name, value in attrs:
            self.findings.extend(attribute_findings(tag, name, (value or "").strip()))

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def handle_data(self, data: str) -> None:
        if not self._in_style:
            return
        self.findings.extend(css_findings(data))
        if "{{" in data:
            self.findings.append("move the placeholder out of <style>: a placeholder stands in text only")


def attribute_findings(tag: str, name: str, value: str) -> Iterator[str]:
    if name.startswith("on"):
        yield f"remove the {name} attribute: a template can run no code"
    if (tag, name) == ("meta", "http-equiv"):
        yield "remove <meta http-equiv>: a template can give no instructions to its reader's program"
    allowed = INLINE + CLICKED if (tag, name) == ("a", "href") else INLINE
    if name in ADDRESS_ATTRIBUTES and not value.lower().startswith(allowed):
        yield f'remove {name}="{value[:60]}": a template can fetch nothing; embed an image as data:image/...'
    yield from css_findings(value)


def css_findings(css: str) -> Iterator[str]:
    if CSS_IMPORT.search(css):
        yield "remove @import: a template can fetch nothing; put the styles into the template"
    for match in CSS_FETCH.finditer(css):
        yield f"remove {match[0]}): a template can fetch nothing; embed an image as url(data:image/...)"


def findings(html: str) -> list[str]:
    """Return what to remove or move, in the order of the template; empty if nothing."""
    inspection = Inspection()
    inspection.feed(html)
    inspection.close()
    return inspection.findings
