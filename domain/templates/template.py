"""A template is HTML with placeholders and nothing else: it runs no code, and one that cannot print is refused."""

import re
from collections import Counter
from html import unescape
from pathlib import Path

from domain.errors import Invalid
from domain.pdf.fonts import undrawable_in
from domain.pdf.rendering import MAX_HTML, PrintsTooLong, RendererBusy, RenderingFailed, render_pdf
from domain.templates import markup, placeholders
from domain.templates.sample import LARGEST, REQUIRED, SAMPLE, SHORT
from domain.templates.view import InvoiceView

MAX_BYTES = 256 * 1024
TITLE = re.compile(r"<title\b.*?(?:</title\s*>|\Z)", re.IGNORECASE | re.DOTALL)
# The invoice that is tried is printed within so much time, or the template is refused.
SAMPLE_TIMEOUT_S = 2.0
# The rows of an invoice may fill a hundred pages; nothing else that is shown is large, or needed often.
MAX_TIMES, MAX_TIMES_LARGE = 20, 1
LARGE = ("itemsRows", "taxRows", "paymentSection", "notesSection")
FOREIGN_SYNTAX = ("{%", "{#")
PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")

DEFAULTS = {
    path.stem: path.read_text(encoding="utf-8")
    for path in sorted(Path(__file__).with_name("default_templates").glob("*.html"))
}


def invalid(message: str) -> Invalid:
    """Return the refusal of a template; the message tells its author what to change."""
    return Invalid.sentence(message, "html")


def render_html(template_html: str, view: InvoiceView) -> str:
    """Return the template with each known placeholder replaced once; a value is never looked into again.

    Raise RenderingFailed, before anything is replaced, if the whole were larger than can be printed.
    """
    used = [name.strip() for name in PLACEHOLDER.findall(template_html)]
    shown = placeholders.values(view, used)
    sizes = {name: len(shown[name].encode(errors="replace")) for name in shown.keys() & set(used)}
    size = len(template_html.encode(errors="replace")) + sum(sizes.get(name, 0) for name in used)
    if size > MAX_HTML:
        raise RenderingFailed(f"the document would have {size:,} bytes of HTML; the limit is {MAX_HTML:,}")
    return PLACEHOLDER.sub(lambda match: shown.get(match[1].strip(), match[0]), template_html)


def check(organization_id: int, html: str) -> None:
    """Raise Invalid unless every invoice can be printed with this template."""
    check_size(html)
    if told := undrawable_in(unescape(html)):
        raise invalid(f"the template {told}")
    check_placeholders(html)
    for finding in markup.findings(html):
        raise invalid(finding)
    check_prints(organization_id, html)


def check_size(html: str) -> None:
    size = len(html.encode(errors="replace"))
    if size > MAX_BYTES:
        raise invalid(f"the template has {size:,} bytes; the limit is {MAX_BYTES:,}")


def check_placeholders(html: str) -> None:
    for syntax in FOREIGN_SYNTAX:
        if syntax in html:
            raise invalid(f"remove {syntax}: a template knows only {{{{placeholder}}}}s, no statements")
    used = [name.strip() for name in PLACEHOLDER.findall(html)]
    for name in used:
        if name not in placeholders.NAMES:
            known = ", ".join(sorted(placeholders.NAMES))
            raise invalid(f"unknown placeholder {{{{{name[:60]}}}}}; known are: {known}")
    if "{{" in PLACEHOLDER.sub("", html):
        raise invalid("a {{ has no matching }}")
    for name, times in Counter(used).items():
        most = MAX_TIMES_LARGE if name in LARGE else MAX_TIMES
        if times > most:
            raise invalid(f"{{{{{name}}}}} stands there {times:,} times; it may stand at most {most}")
    for name in REQUIRED:
        if name not in used:
            raise invalid(f"{{{{{name}}}}} is missing: an invoice has to show it")


def _print_largest(organization_id: int, html: str) -> None:
    largest = render_html(html, LARGEST)
    try:
        render_pdf(largest, organization_id)
    except PrintsTooLong:
        render_pdf(largest, organization_id)  # the sample was quick, so perhaps the machine had other work


def check_prints(organization_id: int, html: str) -> None:
    """Raise Invalid unless the sample prints in time, the largest invoice at all, and what an invoice must say shows.

    A placeholder that is not printed at all, as in a comment, a title or below `display: none`, is found by this: with
    another value in its place the print is the same to the byte.
    """
    untitled = TITLE.sub("", html)
    try:
        # The first may have to start a renderer, and that is not the sample's time.
        shown = render_pdf(render_html(untitled, SHORT), organization_id)
        render_pdf(render_html(html, SAMPLE), organization_id, SAMPLE_TIMEOUT_S)
        _print_largest(organization_id, html)
        for name, view in REQUIRED.items():
            if render_pdf(render_html(untitled, view), organization_id) == shown:
                raise invalid(f"{{{{{name}}}}} does not show in print: an invoice has to show it")
    except RendererBusy:
        raise
    except RenderingFailed as failure:
        raise invalid(f"the template cannot be printed: {failure.detail}") from failure
