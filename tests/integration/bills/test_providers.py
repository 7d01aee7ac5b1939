"""The contract with the services that read bills: what is sent, what is taken, and what each refusal means."""

import base64
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

import settings
from domain.bills import providers
from domain.bills.content import MODEL, OCR, Word
from domain.bills.extraction import Hints, model
from domain.bills.providers import Misconfigured, Unavailable, Unusable
from gateways import chat, vision
from tests.conftest import configure
from tests.integration.bills.services import annotated, asked, completed, failed, saying, word
from tests.integration.gateways.receivers import Server, closing, flooding, serving
from tests.unit.bills.pages import reading

PICTURE = b"\x89PNG picture"
KEY = "key-4711"
ONE = reading("Kontor Nord GmbH\nRechnung Nr. 4711\nGesamtbetrag   119,00 EUR")
NOTHING = dict.fromkeys(model.ASKED)


@pytest.fixture(autouse=True)
def own_settings() -> Iterator[None]:
    before = settings.current()
    yield
    settings.use(before)


def seen(behaviour: Any, image: bytes = PICTURE, languages: tuple[str, ...] = ()) -> tuple[Any, Server]:
    """Return the page that a service's answer becomes, and the service."""
    with serving(behaviour) as server:
        configure(ocr_provider="vision", ocr_url=f"http://127.0.0.1:{server.port}/", ocr_api_key=KEY)
        return providers.read_picture(image, 3, 595, 842, languages), server


def answered(behaviour: Any) -> tuple[dict[str, Any], Server]:
    """Return what the model says of ONE, and the service."""
    with serving(behaviour) as server:
        url = f"http://127.0.0.1:{server.port}/v1"
        configure(extraction_url=url, extraction_api_key=KEY, extraction_model="a-model", extraction_provider="openai")
        return providers.ask_model(ONE), server


def refused(call: Any, behaviour: Any, kind: type[Exception]) -> str:
    with pytest.raises(kind) as error:
        call(behaviour)
    assert KEY not in str(error.value)
    return str(error.value)


BOTH = pytest.mark.parametrize("call", [seen, answered])


def test_a_picture_is_sent_and_its_words_come_back_with_their_places() -> None:
    page, server = seen(
        saying(annotated(word("Total", 0, 100, 100, 140), word("119.00", 900, 100, 1000, 140))), languages=("de",)
    )
    assert (page.number, page.width, page.height, page.origin) == (3, 595, 842, OCR)
    assert page.words == [Word("Total", (0, 0.05, 0.1, 0.07), 0.97), Word("119.00", (0.9, 0.05, 1, 0.07), 0.97)]
    headers, sent = asked(server.requests[0])
    assert headers[":"] == "POST /v1/images:annotate HTTP/1.1"
    assert headers["x-goog-api-key"] == KEY
    assert sent["requests"] == [
        {
            "image": {"content": base64.b64encode(PICTURE).decode()},
            "features": [{"type": "DOCUMENT_TEXT_DETECTION"}],
            "imageContext": {"languageHints": ["de"]},
        }
    ]


def test_the_pieces_of_a_word_are_put_together() -> None:
    pieces = [
        word("INV", 100, 0, 130, 10, None),
        word("-", 130, 0, 135, 10, None),
        word("4711", 135, 0, 170, 10, "LINE_BREAK"),
    ]
    page, _ = seen(saying(annotated(*pieces, word("Total", 100, 20, 150, 30))))
    assert [one.text for one in page.words] == ["INV-4711", "Total"]
    assert page.words[0].box == (0.1, 0, 0.17, 0.005)


def test_places_may_be_fractions() -> None:
    one = word("Total", 0, 0, 0, 0) | {"boundingBox": {"normalizedVertices": [{"x": 0.1}, {"x": 0.2, "y": 0.3}]}}
    page, _ = seen(saying(annotated(one)))
    assert page.words[0].box == (0.1, 0, 0.2, 0.3)


def test_an_empty_page_has_no_words() -> None:
    assert seen(saying({"responses": [{}]}))[0].words == []


def test_a_picture_that_cannot_be_read_is_told_though_the_status_is_200() -> None:
    told = refused(seen, saying({"responses": [failed("Bad image data.", 3)]}), Unusable)
    assert told == "the OCR service cannot read the picture: Bad image data."
    refused(seen, saying({"responses": [failed("Quota exceeded.", 8)]}), Unavailable)


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {},
        {"responses": []},
        {"responses": [{}, {}]},
        {"responses": [{"fullTextAnnotation": []}]},
        annotated(word("a", 1, 1, 2, 2), width=0),
        annotated(word("a", 1, 1, 2, 2) | {"boundingBox": {"vertices": [{"x": "1"}]}}),
        annotated(word("a", 1, 1, 2, 2) | {"boundingBox": {}}),
        annotated(word("a", 1, 1, 2, 2) | {"symbols": [{"text": 7}]}),
        annotated(word("a", 1, 1, 2, 2) | {"confidence": "high"}),
        annotated(word("a", 1, 1, 2, 2) | {"symbols": 5}),
        annotated(*[word("a", 1, 1, 2, 2)] * 20_001),
    ],
)
def test_words_in_another_shape_are_not_used(answer: object) -> None:
    refused(seen, saying(answer), Unusable)


def test_words_that_have_no_size_or_are_none_are_left_out_and_places_stay_on_the_page() -> None:
    bad = [word("a", 5, 5, 5, 9), word("\x1b[2J", 1, 1, 9, 9), word(" ", 1, 1, 9, 9)]
    page, _ = seen(saying(annotated(*bad, word("b" * 500, -50, 1, 5000, 9))))
    assert [(len(one.text), one.box[:3]) for one in page.words] == [(200, (0, 0.0005, 1))]


def test_a_picture_that_the_service_would_not_take_is_not_sent() -> None:
    told = refused(lambda behaviour: seen(behaviour, bytes(vision.LARGEST_IMAGE + 1)), saying({}), Unusable)
    assert "bytes" in told


def test_the_model_is_asked_for_the_fields_and_its_answer_is_taken() -> None:
    said, server = answered(saying(completed(json.dumps(NOTHING | {"invoice_number": "4711"}))))
    assert said == NOTHING | {"invoice_number": "4711"}
    headers, sent = asked(server.requests[0])
    assert headers[":"] == "POST /v1/chat/completions HTTP/1.1"
    assert headers["authorization"] == f"Bearer {KEY}"
    assert sent["model"] == "a-model"
    assert sent["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "bill", "strict": True, "schema": model.SCHEMA},
    }
    assert [one["role"] for one in sent["messages"]] == ["system", "user"]
    assert "Gesamtbetrag   119,00 EUR" in sent["messages"][1]["content"]


def test_what_the_model_says_goes_through_the_rules() -> None:
    says = NOTHING | {"total": "9.00", "supplier_name": "Another GmbH", "supplier_tax_id": "4711"}
    with serving(saying(completed(json.dumps(says)))) as server:
        configure(extraction_url=f"http://127.0.0.1:{server.port}", extraction_model="a-model")
        found = providers.fields(ONE, Hints())
    assert found["total"].value == "119.00"
    assert found["supplier_name"].value == "Kontor Nord GmbH"
    assert (found["supplier_tax_id"].value, found["supplier_tax_id"].origin) == ("4711", MODEL)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (completed('{"invoice_number": "47', "length"), "cut off"),
        (completed(None, refusal="I cannot help with that."), "the model refuses: I cannot help with that."),
        (completed(None, "content_filter"), "held the model's answer back"),
        (completed(None), "without a text"),
        (completed("no JSON"), "no JSON"),
        (completed("[]"), "not of the shape"),
        (completed("{}"), "not of the shape"),
        (completed(json.dumps(NOTHING | {"total": 119})), "not of the shape"),
        (completed(json.dumps(NOTHING | {"note": "x"})), "not of the shape"),
        (completed("[" * 100_000), "no JSON"),
        ({"choices": []}, "in a shape that it does not document"),
        ({"choices": [{"message": "x"}]}, "in a shape that it does not document"),
        ([], "in a shape that it does not document"),
    ],
)
def test_an_answer_that_cannot_be_used_is_refused_in_plain_words(answer: object, says: str) -> None:
    assert says in refused(answered, saying(answer), Unusable)


def test_a_text_that_is_too_long_is_not_sent() -> None:
    configure(extraction_model="a-model")
    with pytest.raises(Unusable, match="letters"):
        chat.ask("", "x" * (chat.LONGEST_QUESTION + 1), "bill", model.SCHEMA)


def test_without_a_model_the_operator_is_told_the_setting() -> None:
    configure(extraction_model="")
    with pytest.raises(Misconfigured, match="COUNTERFOIL_EXTRACTION_MODEL"):
        providers.ask_model(ONE)


@BOTH
@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_tells_the_operator_the_setting(call: Any, status: int) -> None:
    told = refused(call, saying(failed(f"API key not valid.\n\x1b[31mCall me about {KEY}"), status), Misconfigured)
    assert "_API_KEY: API key not valid." in told
    assert "about [hidden]" in told
    assert told.isprintable()


@BOTH
def test_a_wrong_address_tells_the_operator_the_setting(call: Any) -> None:
    assert "_URL" in refused(call, saying(b"<html>", 404), Misconfigured)


@BOTH
@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 529])
def test_a_busy_or_broken_service_is_asked_again(call: Any, status: int) -> None:
    refused(call, saying(failed("slow down", status), status), Unavailable)


@BOTH
@pytest.mark.parametrize(
    ("header", "seconds"), [("30", 30.0), ("0", 0.0), ("999999", 3600.0), ("soon", None), ("-5", 0.0), ("nan", None)]
)
def test_it_is_asked_again_when_it_says(call: Any, header: str, seconds: float | None) -> None:
    with pytest.raises(Unavailable) as error:
        call(saying(failed("slow down", 429), 429, Retry_After=header))
    assert error.value.retry_after == seconds


@BOTH
@pytest.mark.parametrize("status", [400, 413, 422, 302])
def test_a_request_that_is_not_taken_is_not_sent_again(call: Any, status: int) -> None:
    assert f"({status})" in refused(call, saying(failed("unsupported"), status), Unusable)


@BOTH
def test_a_service_that_is_away_is_asked_again(call: Any) -> None:
    def away(_behaviour: object) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        configure(ocr_url=f"http://127.0.0.1:{port}", extraction_url=f"http://127.0.0.1:{port}", extraction_model="m")
        providers.read_picture(PICTURE, 1, 595, 842) if call is seen else providers.ask_model(ONE)

    assert "connection refused" in refused(away, None, Unavailable)
    refused(call, closing(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"), Unavailable)


@BOTH
@pytest.mark.parametrize("body", [b"", b"no JSON", b"{" * 1000, b'{"a": NaN}', b"\xff\xfe"])
def test_an_answer_that_is_no_json_is_not_used(call: Any, body: bytes) -> None:
    assert "no JSON" in refused(call, saying(body), Unusable)


@BOTH
def test_an_answer_without_end_is_read_no_further_than_is_looked_at(call: Any) -> None:
    flood = flooding(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65536 + b"\r\n")
    assert "more than is looked at" in refused(call, flood, Unusable)


@BOTH
@pytest.mark.parametrize("url", ["ftp://x.example", "no url", "http://user:secret@x.example", "http://"])
def test_an_address_that_is_none_tells_the_operator_the_setting(call: Any, url: str) -> None:
    configure(ocr_url=url, extraction_url=url, extraction_model="m")
    with pytest.raises(Misconfigured, match="_URL"):
        providers.read_picture(PICTURE, 1, 595, 842) if call is seen else providers.ask_model(ONE)


def test_who_reads_is_chosen_in_the_settings() -> None:
    assert providers.scans_here()
    assert not providers.asks_model()
    configure(ocr_provider="vision", extraction_provider="openai")
    assert not providers.scans_here()
    assert providers.asks_model()


def test_keys_are_not_shown_with_the_settings() -> None:
    configure(ocr_api_key=KEY, extraction_api_key=KEY)
    assert KEY not in repr(settings.current())
