from collections.abc import Mapping
from typing import Any

from domain.automations.actions import Acting, action


@action(
    "add_note",
    told="Write a note, which is shown with the run.",
    permission="automations:read",
    properties={"text": {"type": "string", "minLength": 1, "maxLength": 2000}},
)
def add_note(acting: Acting, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The run shows the note."""
    return {"note": parameters["text"]}
