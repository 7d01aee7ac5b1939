"""Printing, and the processes that print, as the tests see them."""

import psutil
import pypdfium2

from domain.pdf import rendering


def text_of(pdf):
    return " ".join(" ".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf)).split())


def render_pdf(html, organization_id=1, **options):
    return rendering.render_pdf(html, organization_id, **options)


def alive(processes):
    return [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def keepers(pid=None):
    return [child for child in alive(psutil.Process(pid).children()) if "domain.pdf.renderer" in child.cmdline()]


def renderers(pid=None):
    return [child for keeper in keepers(pid) for child in alive(keeper.children())]


def pids():
    return {renderer.pid for renderer in renderers()}
