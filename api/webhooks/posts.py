"""What a webhook's receiver is sent, and what its answer means, as the OpenAPI document tells it."""

from apispec import APISpec

from domain.webhooks.signatures import BODY_SIGNATURE, ID, SIGNATURE, TIMESTAMP

HEADERS = {
    ID: "The event's id. It stays the same however often the event is sent.",
    TIMESTAMP: "When it was signed, in seconds of Unix time. Refuse what is more than 300 seconds away.",
    SIGNATURE: "`v1,` and HMAC-SHA256 of `{webhook-id}.{webhook-timestamp}.{body}` in base64; for 24 hours after a "
    "rotation two of them, with a space between. One right signature is enough.",
    BODY_SIGNATURE: "`sha256=` and HMAC-SHA256 of the body in hex, with the whole secret as the key. It cannot tell an "
    "old message from a new one: use it only where you cannot use the other.",
}
ANSWERS = {
    "2XX": "Delivered, if it comes within 15 seconds. Do the work afterwards.",
    "410": "You want no more: the webhook is disabled.",
    "429": "Not sent again before Retry-After. So with 503.",
    "default": "A failure: the event is sent again, eight times in about 32 hours.",
}
EVENT = {
    "post": {
        "operationId": "receiveEvent",
        "tags": ["webhooks"],
        "summary": "Receive an event",
        "description": "Posted to each webhook that asks for the event's type. An event may come twice, or late: "
        "handle each `id` once, and read what `sequence` shows to be missing from `listEvents`.",
        "security": [],
        "parameters": [
            {"name": name, "in": "header", "required": True, "description": told, "schema": {"type": "string"}}
            for name, told in HEADERS.items()
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/EventShown"}}},
        },
        "responses": {status: {"description": told} for status, told in ANSWERS.items()},
    }
}


def document_posts(spec: APISpec) -> None:
    """Add what is posted to webhooks to the spec."""
    spec.options["webhooks"] = {"event": EVENT}
