"""Real renderings: readable text, the same bytes each time, nothing fetched, and no document that does harm."""

import os
import signal
import struct
import subprocess
import sys
import threading
import zlib
from base64 import b64encode
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.request import urlopen

import pypdfium2
import pytest

from domain.pdf.rendering import RendererBusy, RenderingFailed
from domain.templates.sample import SAMPLE
from domain.templates.template import DEFAULTS, render_html
from tests.integration.pdf.renderers import alive, keepers, pids, render_pdf, renderers, text_of
from tests.unit.templates.spellings import SPELLINGS, spelled
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
ENDLESS = "<table><tr><td>" * 200 + "x"
BLANK = b"\xff"


def is_blank(page):
    return set(bytes(page.render(scale=0.5, grayscale=True).buffer)) == set(BLANK)


@pytest.fixture(scope="module")
def witness():
    """A web server on this machine that writes down who came."""
    visits = []

    class Witness(BaseHTTPRequestHandler):
        def do_GET(self):
            visits.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args):
            """Keep the test output clean."""

    server = HTTPServer(("127.0.0.1", 0), Witness)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.visits = visits
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("template", sorted(DEFAULTS))
def test_latin_cyrillic_and_greek_come_out_and_no_page_is_blank(template):
    pdf = render_pdf(render_html(DEFAULTS[template], SAMPLE))
    text = text_of(pdf)
    for expected in ("Northwind Paper & Print", "Светлина", "Βιβλιοπωλείο", "България", "€27,300.00", "INV-000001"):
        assert expected in text
    pages = list(pypdfium2.PdfDocument(pdf))
    assert len(pages) > 2
    assert not any(is_blank(page) for page in pages)


@pytest.mark.parametrize("template", sorted(DEFAULTS))
def test_a_long_invoice_repeats_its_header_numbers_its_pages_and_loses_no_line(template):
    pages = [
        page.get_textpage().get_text_range()
        for page in pypdfium2.PdfDocument(render_pdf(render_html(DEFAULTS[template], SAMPLE)))
    ]
    heads = [page for page in pages if "Sample item" in page]
    assert all("unit price" in page.lower() for page in heads)
    assert [page.split()[-3] for page in pages] == [str(number) for number in range(1, len(pages) + 1)]
    whole = " ".join("".join(pages).split())
    assert all(f"Sample item {line.line_number}," in whole for line in SAMPLE.items)


def test_bold_and_any_named_font_are_drawn_with_the_shipped_family():
    pdf = render_pdf("<p style='font-family: Georgia'>plain <b>bold</b> <code>code</code></p>")
    assert b"NotoSans-Regular" in pdf
    assert b"NotoSans-Bold" in pdf


@pytest.mark.parametrize("value", ["<b>Bold</b>", "{{total}}", "{{7*7}}", "</td><h1>x", "a & b", "&lt;"])
def test_a_client_name_is_printed_literally(value):
    document = replace(SAMPLE, client=replace(SAMPLE.client, name=value))
    assert value in text_of(render_pdf(render_html(DEFAULTS["classic"], document)))


@pytest.mark.parametrize("expression", ["{{7*7}}", "{{self.__class__}}", "{% for x in y %}z{% endfor %}"])
def test_an_expression_is_printed_not_evaluated(expression):
    assert text_of(render_pdf(render_html(f"<p>{expression}</p>", SAMPLE))) == expression


def test_the_same_html_gives_the_same_bytes_from_another_renderer_in_another_place(tmp_path):
    html = render_html(DEFAULTS["modern"], SAMPLE)
    program = "import sys; from domain.pdf.rendering import render_pdf as r; "
    program += "sys.stdout.buffer.write(r(sys.stdin.buffer.read().decode(), 1))"
    elsewhere = subprocess.run(
        [sys.executable, "-c", program],
        input=html.encode(),
        capture_output=True,
        check=True,
        cwd=tmp_path,
        env={"HOME": "", "PYTHONPATH": str(ROOT), "TZ": "Asia/Tokyo", "LANG": "ja_JP.UTF-8"},
    )
    assert elsewhere.stdout == render_pdf(html)
    assert elsewhere.stderr == b""
    assert list(tmp_path.iterdir()) == []


def test_no_address_in_a_document_is_ever_fetched(witness, tmp_path):
    secret = tmp_path / "secret.html"
    secret.write_text("SECRET")
    address = f"http://127.0.0.1:{witness.server_port}"
    for url in (address, secret.as_uri(), str(secret), f"//127.0.0.1:{witness.server_port}", "ftp://127.0.0.1/x"):
        text = text_of(render_pdf(fetching_document(url)))
        assert "seen" in text
        assert "SECRET" not in text
        assert "ran" not in text
    for markup, _ in SPELLINGS:
        render_pdf(spelled(markup, address))
    assert witness.visits == []
    urlopen(f"{address}/control").close()
    assert witness.visits == ["/control"]


def fetching_document(url):
    return f"""<html><head><base href="{url}/"><link rel="stylesheet" href="{url}/a.css">
    <meta http-equiv="refresh" content="0;url={url}/meta">
    <style>@import "{url}/b.css"; @import url({url}/c.css);
    @font-face {{ font-family: F; src: url({url}/f.ttf) }} p {{ font-family: F, sans-serif }}
    body {{ background: url({url}/bg.png); list-style-image: url({url}/l.png) }}
    p::before {{ content: url({url}/content.png) }}</style>
    <script src="{url}/s.js"></script><script>document.write("ran")</script></head>
    <body background="{url}/body.png"><p>seen</p><ul><li>x</ul>
    <img src="{url}/i.png" srcset="{url}/i2.png 2x" onerror="document.write('ran')"><img src="relative.png">
    <svg xmlns:xlink="http://www.w3.org/1999/xlink"><image xlink:href="{url}/x.png" width="9" height="9"/>
    <image href="{url}/y.png" width="9" height="9"/><use xlink:href="{url}/u.svg#a"/></svg>
    <iframe src="{url}"></iframe><object data="{url}"></object><embed src="{url}">
    <video poster="{url}/p.png" src="{url}/v"></video><input type="image" src="{url}/input.png"></body></html>"""


def test_an_embedded_image_is_drawn():
    black = png(8, 8, b"\x00" * 8 * 8)
    page = pypdfium2.PdfDocument(render_pdf(f"<img width=200 height=200 src='{black}'>"))[0]
    assert not is_blank(page)


def png(width, height, pixels):
    def chunk(kind, data):
        return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))

    stride = len(pixels) // height
    rows = zlib.compress(b"".join(b"\x00" + pixels[stride * y : stride * (y + 1)] for y in range(height)))
    header = struct.pack("!IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return f"data:image/png;base64,{b64encode(data).decode()}"


def svg_bomb():
    groups = "".join(f"<g id=a{n + 1}>{f'<use href=#a{n} />' * 10}</g>" for n in range(9))
    return f"<svg><defs><rect id=a0 width=1 height=1 />{groups}</defs><use href=#a9 /></svg>"


@pytest.mark.parametrize(
    "html",
    [
        pytest.param("<div style='height: 1e9px'>x</div>", id="huge height"),
        pytest.param("<p style='font-size: 1e9px'>x</p>", id="huge font"),
        pytest.param("<div>" * 100_000 + "x", id="deep nesting"),
        pytest.param(ENDLESS, id="nested tables"),
        pytest.param(svg_bomb(), id="svg use bomb"),
        pytest.param("<svg width=1e9 height=1e9><rect width=1e9 height=1e9 /></svg>", id="huge svg"),
        pytest.param(f"<img src='{png(20_000, 20_000, bytes(20_000 * 20_000))}'>", id="image bomb"),
        pytest.param("<td colspan=999999999 rowspan=999999999>x" * 100, id="huge spans"),
        pytest.param("<p>x</p>" * 2_000_000, id="16 MB of paragraphs"),
        pytest.param("nul \0 and \ud800", id="bytes that are no text"),
    ],
)
def test_a_document_meant_to_do_harm_costs_one_answer_and_no_more(html):
    with suppress(RenderingFailed):
        render_pdf(html, timeout=2)
    assert text_of(render_pdf("<p>next</p>")) == "next"
    for renderer in renderers():
        assert renderer.memory_info().rss < 512 * 1024 * 1024


@pytest.mark.parametrize(
    ("html", "detail"),
    [
        ("<div style='break-after: page'>x</div>" * 5001, "5,001 pages"),
        ("<style>@page { size: 0 0 }</style>x", "0 pages"),
        ("<p style='font-size: 1e9px'>x</p>", "memory"),
        ("x" * (16 * 1024 * 1024 + 1), "bytes of HTML"),
    ],
)
def test_a_refusal_says_which_limit_was_reached(html, detail):
    with pytest.raises(RenderingFailed) as refused:
        render_pdf(html)
    assert detail in refused.value.detail


def test_a_document_that_takes_too_long_ends_at_the_timeout_and_its_renderer_with_it():
    render_pdf("<p>warm</p>")
    before = pids()
    with pytest.raises(RenderingFailed, match="too long"):
        render_pdf(ENDLESS, timeout=0.5)
    wait_until(lambda: before - pids())
    assert text_of(render_pdf("<p>next</p>")) == "next"


def test_more_documents_than_renderers_are_told_to_come_back():
    outcomes = []

    def attempt():
        with pytest.raises(RenderingFailed) as failed:
            render_pdf(ENDLESS, timeout=2)
        outcomes.append(type(failed.value))

    together(attempt, 3)
    assert sorted(outcome.__name__ for outcome in outcomes) == ["PrintsTooLong", "PrintsTooLong", "RendererBusy"]
    assert issubclass(RendererBusy, RenderingFailed)


def together(action, count):
    threads = [threading.Thread(target=action) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_threads_share_the_renderers_and_each_gets_its_own_document():
    texts = {}

    def attempt():
        name = threading.current_thread().name
        texts[name] = [text_of_safely(render_pdf(f"<p>{name} {number}</p>")) for number in range(20)]

    lock = threading.Lock()

    def text_of_safely(pdf):
        with lock:  # pdfium is not thread-safe
            return text_of(pdf)

    together(attempt, 6)
    assert len(texts) == 6
    assert all(texts[name] == [f"{name} {number}" for number in range(20)] for name in texts)
    wait_until(lambda: len(renderers()) <= 2)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_a_renderer_that_dies_is_replaced_without_anyone_noticing(number):
    render_pdf("<p>warm</p>")
    for renderer in renderers():
        renderer.send_signal(number)
    assert text_of(render_pdf("<p>next</p>")) == "next"


def test_a_renderer_that_is_stopped_is_given_up_at_the_timeout():
    before = pids()
    render_pdf("<p>warm</p>", 110)
    (stopped,) = [renderer for renderer in renderers() if renderer.pid not in before]
    stopped.suspend()
    with pytest.raises(RenderingFailed, match="too long"):
        render_pdf("<p>x</p>", 110, timeout=0.5)
    assert text_of(render_pdf("<p>next</p>", 110)) == "next"
    wait_until(lambda: alive([stopped]) == [])


def test_a_forked_process_starts_its_own_renderer_and_leaves_its_parents_alone():
    render_pdf("<p>warm</p>")
    before = pids()
    child = os.fork()
    if child == 0:
        own = text_of(render_pdf("<p>fork</p>")) == "fork" and len(renderers()) == 1
        os._exit(0 if own else 1)
    assert text_of(render_pdf("<p>parent</p>")) == "parent"
    assert os.waitpid(child, 0)[1] == 0
    assert pids() == before


def test_no_renderer_outlives_a_process_that_is_killed():
    program = "from domain.pdf.rendering import render_pdf as r; r('<p>x</p>', 1); print('ready', flush=True); input()"
    parent = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with parent:
        assert parent.stdout.readline() == b"ready\n"
        processes = renderers(parent.pid) + keepers(parent.pid)
        assert len(processes) == 2
        parent.kill()
        wait_until(lambda: alive(processes) == [])
