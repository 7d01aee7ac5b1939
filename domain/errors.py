"""The ways in which the domain refuses, one class for each decision that a caller makes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

MAX_SENTENCES = 20
# So many wrong fields are named; a body that has more is not looked at to its end.
MAX_ERRORS = 100


class Sentence(str):
    """A sentence in English, which knows its words and what it names, so that a page can say it in another language.

    Written `say("job %(id)s not found", id=7)`: with neither an f-string nor a variable, or nobody could translate it.
    """

    words: str
    named: Mapping[str, Any]

    def __new__(cls, words: str, /, **named: Any) -> "Sentence":
        """Return the sentence; a value may be one itself."""
        made = super().__new__(cls, words % named if named else words)
        made.words, made.named = words, named
        return made


say = Sentence


class NotYet(Exception):
    """A later attempt can do what this one could not; nothing is wrong, and the log needs no traceback."""


class Away(NotYet):
    """A part that the work needs is away: nobody's fault, so no attempt is counted."""


class InUse(NotYet):
    """Somebody else is at what the work needs, for a moment: it goes on after that, and no attempt is counted."""


class PermanentError(Exception):
    """Trying again cannot help; the message is what the caller reads."""


class Refusal(PermanentError):
    """The request is refused: `errors` has the messages of each wrong field, `members` what a program may read."""

    def __init__(self, message: str, errors: Mapping[str, Sequence[str]] | None = None, **members: Any):
        super().__init__(message)
        self.message = message
        self.errors = {field: list(messages) for field, messages in (errors or {}).items()}
        self.members = members


class NotFound(Refusal):
    """The organization has nothing of that name or id."""


class Conflict(Refusal):
    """Something that exists already, or its state, does not allow it."""


class Taken(Conflict):
    """Another of the organization has this `field`."""

    def __init__(self, noun: str, field: str):
        super().__init__(say("another %(noun)s has this %(field)s", noun=noun, field=field), {field: [say("is taken")]})


class Forbidden(Refusal):
    """The caller may not do it: `permission` names what it lacks."""


class Gone(Refusal):
    """It was there, and is past its retention."""


class Invalid(Refusal):
    """The input is wrong, whatever else is there."""

    @classmethod
    def sentence(cls, message: str, field: str) -> "Invalid":
        """Return the refusal of one field, with a message that is a sentence of its own."""
        return cls(message, {field: [message]})

    @classmethod
    def fields(cls, errors: Mapping[str, Sequence[str]]) -> "Invalid":
        """Return the refusal of several fields; each message goes on where its field's name ended."""
        different = dict.fromkeys((field, text) for field, texts in errors.items() for text in texts)
        words: list[str] = []
        named: dict[str, str] = {}
        for n, (field, text) in enumerate(different):
            words.append(f"%(field{n})s %(text{n})s")
            named |= {f"field{n}": field, f"text{n}": text}
        return cls(say(told(words), **named), errors)


def told(sentences: Iterable[str]) -> str:
    """Return as many of `sentences` as one can read, each once, and how many more there are."""
    different = list(dict.fromkeys(sentences))
    more = f"; and {len(different) - MAX_SENTENCES} more" if len(different) > MAX_SENTENCES else ""
    return "; ".join(different[:MAX_SENTENCES]) + more
