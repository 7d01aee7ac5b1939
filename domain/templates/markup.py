"""Markup in a template that would run code or fetch something is named before the template is saved.

This is for a clear message; the wall is the renderer, which fetches nothing whatever the markup says. Each pattern
takes linear time: html.parser needs a minute for 256 KiB of unclosed comments.
"""

import re
from collections.abc import Iterator

ELEMENT = re.compile(r"<(script|iframe|frame|object|embed|applet|link|base)\b", re.IGNORECASE)
HANDLER = re.compile(r"[\s\"'/](on[a-z]{3,})\s*+=", re.IGNORECASE)
HTTP_EQUIV = re.compile(r"[\s\"'/]http-equiv\b", re.IGNORECASE)
IMPORT = re.compile(r"@import", re.IGNORECASE)
CSS_ADDRESS = re.compile(r"""url\(\s*+["']?+\s*+(?!data:image/|\#)([^\s"')]{0,60})""", re.IGNORECASE)
ADDRESS = re.compile(
    r"""[\s"'/](src|srcset|href|xlink:href|background|data|poster|action|formaction)\s*+=\s*+["']?+\s*+"""
    r"""(?!data:image/|\#)([^\s"'>]{0,60})""",
    re.IGNORECASE,
)
CLICKABLE = re.compile(r"""<a\s(?:[^<>]{0,300}?[\s"'])?href\s*+=\s*+["']?+(?:https?:|mailto:|tel:)""", re.IGNORECASE)
IN_TAG = re.compile(r"<[^<>]*\{\{")
STYLE = re.compile(r"<style\b.*?(?:</style|\Z)", re.IGNORECASE | re.DOTALL)

NO_CODE = "a template can run no code"
NO_FETCH = "a template can fetch nothing; embed an image as data:image/..."


def findings(html: str) -> Iterator[str]:
    """Yield what its author has to remove or move, each as a sentence."""
    for match in ELEMENT.finditer(html):
        yield f"remove <{match[1].lower()}>: {NO_CODE} and fetch nothing"
    for match in HANDLER.finditer(html):
        yield f"remove the {match[1].lower()} attribute: {NO_CODE}"
    if HTTP_EQUIV.search(html):
        yield f"remove http-equiv (a plain charset is enough): {NO_CODE}"
    yield from addresses(html)
    if IN_TAG.search(html) or any("{{" in style for style in STYLE.findall(html)):
        yield "move the placeholder out of the tag or <style>: a placeholder stands in text only"


def addresses(html: str) -> Iterator[str]:
    if IMPORT.search(html):
        yield "remove @import: a template can fetch nothing; put the styles into the template"
    for match in CSS_ADDRESS.finditer(html):
        yield f"remove url({match[1]}): {NO_FETCH}"
    for match in ADDRESS.finditer(CLICKABLE.sub("<a ", html)):
        yield f'remove {match[1].lower()}="{match[2]}": {NO_FETCH}'
