"""Files that were made to do harm, or are broken: each gets a clear word, takes little, and touches nothing else."""

import io
import json
import os
import random
import threading
import time

import orjson
import pikepdf
import pytest
from pikepdf import Dictionary, Name
from PIL import Image

from domain.bills.reading import answers, reader, recognition
from domain.bills.reading.faults import SENTENCES, Fault, Unreadable
from domain.bills.reading.limits import MAX_PAGES
from domain.jail.process import Jail
from tests.integration.bills import documents
from tests.integration.bills.documents import PDF, soon

PROGRAM = "tests.integration.bills.hostile_program"
KINDS = (PDF, "image/png", "image/jpeg", "image/tiff", "image/webp", "application/xml")
LAUGHS = "<!DOCTYPE x [<!ENTITY a0 'ha'>{}]>".format(
    "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12))
)
NOTHING = [b"\0" * 100, b"MZ\x90\0 a program", "some text".encode("utf-16"), random.Random(1).randbytes(5000)]
DAMAGED, OTHER_KIND = SENTENCES[Fault.DAMAGED], SENTENCES[Fault.OTHER_KIND]


def test_every_fault_of_a_file_says_what_to_do():
    """The sentence is all that a bill in error, and its event, say."""
    silent = {fault for fault, sentence in SENTENCES.items() if ": " not in sentence}
    assert (SENTENCES.keys(), silent) == (set(Fault), {Fault.NO_SUCH_PAGE})


def refused(data, media_type=PDF, seconds=60):
    """Return the reason for which the file is not read."""
    with pytest.raises(Unreadable) as refusal:
        reader.read_text(data, media_type, soon(seconds))
    return refusal.value.reason


@pytest.fixture(scope="module")
def invoice():
    return documents.invoice()


def said(reading):
    return " ".join(word.text for page in reading.pages for word in page.words)


def test_a_pdf_behind_a_password_says_so(invoice):
    locked = documents.changed(invoice, lambda _: None, encryption=pikepdf.Encryption(user="user", owner="owner"))
    assert refused(locked) == "It is protected by a password: send it without one."
    with pytest.raises(Unreadable, match="password"):
        reader.picture(locked, PDF, 1, soon())


@pytest.mark.parametrize("revision", [2, 3, 4, 6])
def test_a_pdf_that_only_may_not_be_changed_is_read(invoice, revision):
    aes = {"aes": False, "metadata": False} if revision < 4 else {}
    encryption = pikepdf.Encryption(user="", owner="owner", R=revision, **aes)
    guarded = documents.changed(invoice, lambda _: None, encryption=encryption)
    assert "INVOICE" in said(reader.read_text(guarded, PDF, soon()))


def test_a_pdf_of_too_many_pages_is_refused_by_their_number():
    document = pikepdf.new()
    document.add_blank_page()
    document.pages.extend([document.pages[0]] * 1999)
    data = documents.saved(document)
    assert refused(data) == f"It has 2,000 pages; at most {MAX_PAGES} are read: send those of the invoice alone."


def test_a_file_without_content_and_one_of_an_unknown_kind_are_refused():
    assert refused(b"") == "It is empty."
    assert refused(b"GIF89a", "image/gif").startswith("It is neither a PDF, nor a picture")
    with pytest.raises(Unreadable, match="empty"):
        reader.picture(b"", PDF, 1, soon())


def test_a_pdf_without_pages_is_refused():
    document = pikepdf.new()
    assert refused(documents.saved(document)) in (SENTENCES[Fault.NO_PAGES], OTHER_KIND)


@pytest.mark.parametrize("part", [0.02, 0.3])
def test_a_pdf_that_is_cut_off_is_refused(invoice, part):
    assert refused(invoice[: int(len(invoice) * part)]) in (DAMAGED, OTHER_KIND)


@pytest.mark.parametrize("name", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_a_picture_that_is_cut_off_is_refused_before_anybody_recognizes_it(name):
    whole = documents.encoded(Image.effect_noise((600, 400), 90), name)
    media_type = f"image/{name.lower()}"
    with pytest.raises(Unreadable) as refusal:
        reader.picture(whole[: len(whole) // 2], media_type, 1, soon())
    assert refusal.value.reason in (DAMAGED, OTHER_KIND)


@pytest.mark.parametrize("media_type", KINDS)
@pytest.mark.parametrize("data", NOTHING, ids=range(len(NOTHING)))
def test_what_is_nothing_of_the_kind_is_refused(media_type, data):
    assert refused(data, media_type) in (DAMAGED, OTHER_KIND, SENTENCES[Fault.NO_E_INVOICE])


def test_a_file_under_the_name_of_another_kind_is_refused(invoice):
    png = documents.encoded(Image.new("L", (50, 50)), "PNG")
    assert refused(png) == OTHER_KIND
    assert refused(invoice, "image/png") == OTHER_KIND
    assert refused(documents.ubl(), "image/webp") == OTHER_KIND


@pytest.mark.parametrize(("data", "media_type"), [
    (documents.png(60_000, 60_000), "image/png"),
    (documents.png(51_000_000, 1), "image/png"),
    (documents.encoded(Image.new("1", (10_000, 5_001)), "TIFF", compression="group4"), "image/tiff"),
])  # fmt: skip
def test_a_picture_that_would_be_too_large_is_refused_before_it_is_decoded(data, media_type):
    assert "at most 50,000,000 are read" in refused(data, media_type)


def test_a_tiff_of_too_many_pages_is_refused():
    pages = [Image.new("1", (8, 8))] * (MAX_PAGES + 1)
    data = documents.encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    assert refused(data, "image/tiff").startswith("It has 51 pages; at most 50 are read: ")


def test_an_attachment_that_unpacks_to_far_too_much_is_left_alone(invoice):
    bomb = documents.with_attachment(invoice, documents.zeros(700_000_000), "factur-x.xml", packed=True)
    assert len(bomb) < 5_000_000
    reading = reader.read_text(bomb, PDF, soon())
    assert reading.xml is None
    assert "INVOICE" in said(reading)


def page_bomb() -> bytes:
    """Return a small PDF whose page has seven million lines."""
    return documents.drawn(documents.zeros(100_000_000, b"0 0 m 1 1 l S\n"), filters=Name.FlateDecode)


def test_a_page_that_unpacks_to_gigabytes_ends_its_own_process_and_no_neighbour(invoice):
    bomb, read = page_bomb(), []
    assert len(bomb) < 1_000_000

    def neighbour():
        for _ in range(5):
            read.append(said(reader.read_text(invoice, PDF, soon())))

    thread = threading.Thread(target=neighbour)
    thread.start()
    begun = time.monotonic()
    assert refused(bomb, seconds=20) in (reader.TOO_MUCH, reader.TOO_SLOW)
    assert time.monotonic() - begun < 21
    thread.join()
    assert len(read) == 5
    assert all("INVOICE" in text for text in read)


def test_a_picture_in_a_page_that_would_take_all_memory_is_not_drawn():
    document = pikepdf.new()
    page = document.add_blank_page(page_size=(595, 842))
    picture = document.make_stream(
        documents.zeros(1_000_000), Filter=Name.FlateDecode, Type=Name.XObject, Subtype=Name.Image, Width=60_000,
        Height=60_000, ColorSpace=Name.DeviceRGB, BitsPerComponent=8,
    )  # fmt: skip
    page.Resources = Dictionary(XObject=Dictionary(I=picture))
    page.Contents = document.make_stream(b"500 0 0 500 0 0 cm /I Do")
    data = documents.saved(document)
    shown = reader.picture(data, PDF, 1, soon(20))
    assert Image.open(io.BytesIO(shown)).size == (1413, 1999)


@pytest.mark.parametrize("doctype", [
    LAUGHS,
    "<!DOCTYPE x [<!ENTITY e SYSTEM 'file://{path}'>]>",
    "<!DOCTYPE x SYSTEM 'file://{path}'>",
    "<!DOCTYPE x [<!ENTITY % p SYSTEM 'http://127.0.0.1:9/x'>%p;]>",
])  # fmt: skip
@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16"])
def test_xml_with_entities_is_refused_and_nothing_is_opened_for_it(doctype, encoding, tmp_path):
    """An open file would be the end of the process, and the reason another."""
    canary = tmp_path / "canary"
    canary.write_text("the secret of this machine")
    data = documents.ubl("&e;", encoding, doctype.format(path=canary) if "{path}" in doctype else doctype)
    assert refused(data, "application/xml") in (SENTENCES[Fault.UNSAFE_XML], DAMAGED)


def test_xml_of_a_hundred_thousand_levels_is_refused():
    assert refused(b"<x>" * 100_000 + b"</x>" * 100_000, "application/xml") == DAMAGED


def test_a_page_that_there_is_not_and_one_of_xml_have_no_picture(invoice):
    for data, media_type, page in ((invoice, PDF, 2), (invoice, PDF, 0), (documents.ubl(), "text/xml", 1)):
        with pytest.raises(Unreadable) as refusal:
            reader.picture(data, media_type, page, soon())
        assert refusal.value.reason == f"It has no page {page}."


def test_a_process_that_is_killed_for_no_fault_of_the_file_is_replaced_once(invoice, monkeypatch):
    start, started = reader._jail.start, []

    def doomed(deadline):
        process = start(deadline)
        started.append(process)
        if len(started) == 1:
            process._keeper.end(process.pid)
            assert process._channel.recv(1) == b""  # it has ended
        return process

    monkeypatch.setattr(reader._jail, "start", doomed)
    assert "INVOICE" in said(reader.read_text(invoice, PDF, soon()))
    assert len(started) == 2


def test_a_reader_that_cannot_start_is_not_the_files_fault(invoice, monkeypatch):
    monkeypatch.setattr(reader, "_jail", Jail("tests.integration.bills.no_such_program"))
    with pytest.raises(reader.Unavailable, match="does not start"):
        reader.read_text(invoice, PDF, soon())


def test_a_forked_process_reads_in_a_jail_of_its_own(invoice):
    reader.read_text(invoice, PDF, soon())
    pid = os.fork()
    if pid == 0:
        own = reader._jail._keeper is None
        os._exit(not (own and "INVOICE" in said(reader.read_text(invoice, PDF, soon()))))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert "INVOICE" in said(reader.read_text(invoice, PDF, soon()))


WORD = ["word", 0.1, 0.1, 0.2, 0.2, 1]
PAGE = {"width": 595, "height": 842, "words": [WORD], "scan": False}
GOOD = {"pages": [PAGE], "xml": None}
BAD_WORDS = [
    "word", ["word"], [*WORD, 1], [1, *WORD[1:]], ["", *WORD[1:]], ["x" * 201, *WORD[1:]], ["a\0", *WORD[1:]],
    ["a b", *WORD[1:]], ["a\u202eb", *WORD[1:]], ["w", 0.2, 0.1, 0.1, 0.2, 1], ["w", -0.1, 0.1, 0.2, 0.2, 1],
    ["w", 0.1, 0.1, 0.2, 1.1, 1], ["w", 0.1, 0.1, 0.2, 0.2, 2], ["w", 0.1, 0.1, 0.2, 0.2, None],
    ["w", True, 0.1, 1, 0.2, 1], ["w", "0.1", 0.1, 0.2, 0.2, 1], ["w", 1e999, 0.1, 0.2, 0.2, 1],
]  # fmt: skip
BAD_TEXTS = [
    [], {}, {"pages": [PAGE]}, GOOD | {"more": 1}, GOOD | {"pages": {}},
    GOOD | {"pages": [PAGE] * (MAX_PAGES + 1)}, GOOD | {"pages": ["x"]}, GOOD | {"pages": [PAGE | {"width": -1}]},
    GOOD | {"pages": [PAGE | {"height": 1e9}]}, GOOD | {"pages": [PAGE | {"scan": 1}]},
    GOOD | {"pages": [PAGE | {"words": [WORD] * 3001}]}, GOOD | {"xml": []}, GOOD | {"xml": {"strange": "x"}},
    GOOD | {"xml": {"total": 1}}, GOOD | {"xml": {"total": "x" * 1001}}, GOOD | {"xml": {"total": "a\0"}},
    GOOD | {"xml": {"lines": "x"}}, GOOD | {"xml": {"lines": [{"strange": "x"}]}},
    GOOD | {"xml": {"lines": [{"total": ["x"]}]}}, GOOD | {"xml": {"taxes": [["x"]]}},
    *(GOOD | {"pages": [PAGE | {"words": [word]}]} for word in BAD_WORDS),
]  # fmt: skip
NO_TEXTS = [b"", b"[", b"[" * 100_000, b'{"pages": NaN, "xml": null}']


@pytest.fixture
def taken_over(monkeypatch):
    """Return a function that makes the file whose reader gives this answer."""
    jail = Jail(PROGRAM)
    monkeypatch.setattr(reader, "_jail", jail)
    yield lambda told: b"say " + told.hex().encode()
    jail.close()


def test_what_a_reader_that_was_taken_over_may_say_is_read(taken_over):
    reading = reader.read_text(taken_over(json.dumps(GOOD).encode()), PDF, soon())
    assert said(reading) == "word"


def test_what_a_reader_that_was_taken_over_says_besides_is_not_believed(taken_over):
    for told in (*NO_TEXTS, *(json.dumps(text).encode() for text in BAD_TEXTS)):
        assert refused(taken_over(told)) == reader.TOO_MUCH, told


@pytest.mark.parametrize("told", [b"!pay the bearer at once", b"!damaged x", b"!", b"!damaged 1 2", b"!\xff"])
def test_a_reason_is_one_of_ours(taken_over, told):
    assert refused(taken_over(told)) == reader.TOO_MUCH


BAD_PNGS = [
    b"", b"GIF89a", documents.png(2001, 10), documents.png(10, 2001), documents.png(0, 10),
    documents.png(10, 10, colours=3), b"\x89PNG\r\n\x1a\n" + b"\xff" * 50,
    documents.png(10, 10) + b"<script>", documents.png(10, 10)[:-4] + b"\0\0\0\0", documents.png(10, 10)[:-12],
    documents.png(10, 10)[:33] + documents.chunk(b"tEXt", b"x") + documents.png(10, 10)[33:],
]  # fmt: skip


@pytest.mark.parametrize("told", BAD_PNGS, ids=range(len(BAD_PNGS)))
def test_a_picture_is_a_png_and_nothing_else(told):
    with pytest.raises(answers.NotBelieved):
        answers.png(told, 2000)


def test_a_picture_that_is_one_is_believed(taken_over):
    good = documents.png(10, 10)
    assert reader.picture(taken_over(good), PDF, 1, soon()) == good
    with pytest.raises(Unreadable):
        reader.picture(taken_over(BAD_PNGS[2]), PDF, 1, soon())


@pytest.mark.parametrize("told", [b"", b"\0" * 8, b"\0\0\0\2\0\0\0\2abc", b"\xff" * 8, b"\0\0\0\2\0\0\0\2abcde"])
def test_a_scan_has_as_many_pixels_as_it_says(told):
    assert answers.pixels(b"\0\0\0\2\0\0\0\2abcd", 4) == (2, 2, b"abcd")
    with pytest.raises(answers.NotBelieved):
        answers.pixels(told, 4)


@pytest.mark.parametrize("change", [
    {"turned": 45}, {"turned": "0"}, {"turned": [0]}, {"slope": 1}, {"slope": None}, {"words": None},
    {"words": [BAD_WORDS[0]]}, {"more": 1},
])  # fmt: skip
def test_what_text_recognition_says_is_not_believed_either(change):
    good = {"turned": 90, "slope": 0.1, "words": [WORD]}
    assert recognition._recognized(orjson.dumps(good)).turned == 90
    with pytest.raises(answers.NotBelieved):
        recognition._recognized(orjson.dumps(good | change))
