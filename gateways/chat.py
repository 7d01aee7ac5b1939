"""A language model reads a bill's text: any service that speaks OpenAI's `/chat/completions` with `json_schema`."""

from collections.abc import Mapping
from typing import Any

import jsonschema

import settings
from gateways import require_outside
from gateways.providers import Misconfigured, Unusable, line, parsed, post

PATH = "/chat/completions"
LONGEST_QUESTION = 200_000
WHO = "the extraction service"


def ask(instructions: str, question: str, name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the object that the model answers, which is of this `schema`.

    Raise Unavailable, Misconfigured or Unusable.
    The question is a stranger's text, which may tell the model what it likes: so the caller believes no value that it
    does not find there itself.
    """
    require_outside()
    if len(question) > LONGEST_QUESTION:
        raise Unusable(f"the text has {len(question)} letters: {LONGEST_QUESTION} are asked about at the most")
    key = settings.current().extraction_api_key
    body = _request(instructions, question, name, schema)
    answer = post("extraction", PATH, {"Authorization": f"Bearer {key}"} if key else {}, body)
    return _checked(_content(answer), schema)


def _request(instructions: str, question: str, name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    model = settings.current().extraction_model
    if not model:
        raise Misconfigured(f"{WHO} needs a model: set {settings.variable('extraction_model')}")
    messages = [{"role": "system", "content": instructions}, {"role": "user", "content": question}]
    response_format = {"type": "json_schema", "json_schema": {"name": name, "strict": True, "schema": schema}}
    return {"model": model, "messages": messages, "response_format": response_format}


def _content(answer: Any) -> str:
    try:
        choice = answer["choices"][0]
        message, reason = choice["message"], choice.get("finish_reason")
        content, refusal = message.get("content"), message.get("refusal")
    except (KeyError, TypeError, IndexError, AttributeError):
        raise Unusable(f"{WHO} answered in a shape that it does not document") from None
    if refusal:
        raise Unusable(f"the model refuses: {line(str(refusal))}")
    if reason == "length":
        raise Unusable("the model's answer is cut off: the bill is too long for it, or the model too small")
    if reason == "content_filter":
        raise Unusable(f"{WHO} held the model's answer back")
    if not isinstance(content, str):
        raise Unusable(f"{WHO} answered without a text")
    return content


def _checked(content: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    said = parsed(content, "the model")
    if not jsonschema.Draft202012Validator(schema).is_valid(said) or not isinstance(said, dict):
        raise Unusable("the model's answer is not of the shape that was asked for")
    return said
