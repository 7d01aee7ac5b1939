"""Markup in a template that would run code or fetch something is named before the template is saved.

This is for a clear message; the wall is the renderer, which fetches nothing whatever the markup says. So no parser is
needed: an address is looked for wherever it stands, in the text as it is and as an engine reads it, and in pictures
that are markup themselves. Each pattern takes linear time: html.parser needs a minute for 256 KiB of unclosed comments.
"""

import base64
import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import unquote

ELEMENT = re.compile(r"<(script|iframe|frame|object|embed|applet|link|base)\b", re.IGNORECASE)
HANDLER = re.compile(r"[\s\"'/](on[a-z]{3,})\s*+=", re.IGNORECASE)
HTTP_EQUIV = re.compile(r"[\s\"'/]http-equiv\b", re.IGNORECASE)
ADDRESS = re.compile(
    r"""[\s"'/](src|href|xlink:href|background|data|poster|action|formaction|lowsrc|dynsrc|longdesc|manifest|ping"""
    r"""|codebase|classid|archive)\s*+=\s*+["']?+\s*+(?!data:image/|\#)([^\s"'>]{0,60})""",
    re.IGNORECASE,
)
# A second candidate may follow a first that is harmless.
CANDIDATES = re.compile(r"""[\s"'/](srcset|imagesrcset)\s*+=\s*+["']?+\s*+([^\s"'>]{0,60})""", re.IGNORECASE)
CLICKABLE = re.compile(r"""<a\s(?:[^<>]{0,300}?[\s"'])?href\s*+=\s*+["']?+(?:https?:|mailto:|tel:)""", re.IGNORECASE)
IN_TAG = re.compile(r"<[^<>]*\{\{")
TAG = re.compile(r"""<[a-z/!?](?:[^<>"']|"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z))*+""", re.IGNORECASE)
STYLE = re.compile(r"<style\b.*?(?:</style|\Z)", re.IGNORECASE | re.DOTALL)

RULE = re.compile(r"@(import|namespace)", re.IGNORECASE)
# In a picture that is markup, # is written %23.
CSS_ADDRESS = re.compile(r"""url\(\s*+["']?+\s*+(?!data:image/|\#|%23)([^\s"')]{0,60})""", re.IGNORECASE)
CSS_FUNCTION = re.compile(
    r"""\b(image-set\(|(?:src|image|cross-fade)\(\s*+(?:["']|var\()|attr\(\s*+[\w-]++\s++(?:url|src|type)\b)""",
    re.IGNORECASE,
)
ESCAPE = re.compile(r"\\(?:([0-9a-f]{1,6})(?:\r\n|[ \t\r\n\f])?|\r\n|[\r\n\f]|(.))", re.IGNORECASE)
PICTURE = re.compile(r"""data:image/svg([^,"'<>()\s]{0,60}),([^"\s]*+)""", re.IGNORECASE)
BASE64 = re.compile(r"(?:[a-z0-9+/]{4})*+", re.IGNORECASE)
PICTURES_IN_PICTURES = 3

NO_CODE = "a template can run no code"
NO_FETCH = "a template can fetch nothing; embed an image as data:image/..."


def findings(html: str, depth: int = PICTURES_IN_PICTURES) -> Iterator[str]:
    """Yield what its author has to remove or move, each as a sentence."""
    for match in ELEMENT.finditer(html):
        yield f"remove <{match[1].lower()}>: {NO_CODE} and fetch nothing"
    for match in HANDLER.finditer(html):
        yield f"remove the {match[1].lower()} attribute: {NO_CODE}"
    if HTTP_EQUIV.search(html):
        yield f"remove http-equiv (a plain charset is enough): {NO_CODE}"
    yield from addresses(html)
    if IN_TAG.search(html) or any("{{" in part for part in (*STYLE.findall(html), *TAG.findall(html))):
        yield "move the placeholder out of the tag or <style>: a placeholder stands in text only"
    if depth:
        for match in PICTURE.finditer(html):
            yield from findings(_picture(match), depth - 1)


def addresses(html: str) -> Iterator[str]:
    """Yield what would fetch something; an entity can spell a value and a style, but neither a tag nor an attribute."""
    for pattern, text in ((ADDRESS, CLICKABLE.sub("<a ", html)), (CANDIDATES, html)):
        for match in pattern.finditer(text):
            yield f'remove {match[1].lower()}="{match[2]}": {NO_FETCH}'
    read = ESCAPE.sub(_character, unescape(html))
    for css in (html, read) if read != html else (html,):
        yield from _style_addresses(css)


def _style_addresses(css: str) -> Iterator[str]:
    for match in RULE.finditer(css):
        yield f"remove @{match[1].lower()}: a template can fetch nothing; put the styles into the template"
    for match in CSS_ADDRESS.finditer(css):
        yield f"remove url({match[1]}): {NO_FETCH}"
    for match in CSS_FUNCTION.finditer(css):
        yield f"remove {match[1].partition('(')[0].lower()}(): {NO_FETCH}, in url()"


def _character(escape: re.Match[str]) -> str:
    """Return what a CSS escape stands for; a line's end that is escaped stands for nothing."""
    if not escape[1]:
        return escape[2] or ""
    number = int(escape[1], 16)
    return chr(number) if 0 < number <= 0x10FFFF else "\ufffd"


def _picture(match: re.Match[str]) -> str:
    """Return the markup of a picture in a data: address."""
    kind, data = match[1].lower(), unquote(unescape(match[2]))
    if "base64" not in kind:
        return data
    encoded = BASE64.match(data)
    return base64.b64decode(encoded[0]).decode(errors="replace") if encoded else ""
