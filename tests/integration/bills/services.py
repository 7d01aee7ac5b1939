"""Services on loopback that answer in the shapes of Google Vision and of OpenAI's chat completions."""

import json
from typing import Any

from tests.integration.gateways.receivers import Behaviour, answering


def saying(body: object, status: int = 200, **headers: str) -> Behaviour:
    """Return the behaviour of a service that answers so."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(content)}", "Content-Type: application/json"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return answering("\r\n".join([*lines, "", ""]).encode() + content)


def asked(request: bytes) -> tuple[dict[str, str], Any]:
    """Return the headers of a request by their names in small letters, the first line as `:`, and its JSON."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)} | {
        ":": first
    }, json.loads(body)


def word(text: str, left: int, top: int, right: int, bottom: int, ends: str | None = "SPACE") -> dict[str, Any]:
    """Return a word as Vision has it: letters, the last with the break behind it; what is 0 is left out."""
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    symbols: list[dict[str, Any]] = [{"text": letter, "confidence": 0.99} for letter in text]
    if ends:
        symbols[-1]["property"] = {"detectedBreak": {"type": ends}}
    vertices = [{name: value for name, value in (("x", x), ("y", y)) if value} for x, y in corners]
    return {"boundingBox": {"vertices": vertices}, "symbols": symbols, "confidence": 0.97}


def annotated(*words: dict[str, Any], width: int = 1000, height: int = 2000) -> dict[str, Any]:
    """Return what `images:annotate` answers for one picture."""
    page = {
        "property": {"detectedLanguages": [{"languageCode": "en", "confidence": 0.9}]},
        "width": width,
        "height": height,
        "blocks": [{"paragraphs": [{"words": list(words)}], "blockType": "TEXT"}],
        "confidence": 0.98,
    }
    return {
        "responses": [
            {
                "textAnnotations": [{"locale": "en", "description": "all words in a row"}],
                "fullTextAnnotation": {"pages": [page], "text": "all words in a row"},
            }
        ]
    }


def completed(content: str | None, finish_reason: str = "stop", refusal: str | None = None) -> dict[str, Any]:
    """Return what `/chat/completions` answers."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1767225600,
        "model": "a-model",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": content, "refusal": refusal, "annotations": []},
                "logprobs": None,
                "finish_reason": finish_reason,
            }
        ],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    }


def failed(message: str, code: int = 400, status: str = "INVALID_ARGUMENT") -> dict[str, Any]:
    """Return an error as both kinds of services say it."""
    return {"error": {"code": code, "message": message, "status": status, "type": "invalid_request_error"}}
