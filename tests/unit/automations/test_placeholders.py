"""Placeholders are replaced by what the event says, and by nothing else."""

from decimal import Decimal

import pytest

from domain.automations.placeholders import MAX_TEXT, filled, unknown
from domain.errors import PermanentError

VALUES = {"data.jobId": 7, "data.total": Decimal("240.10"), "data.error": "{{data.jobId}}", "event.type": "job.failed"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Job {{data.jobId}} of {{ data.total }}", "Job 7 of 240.10"),
        ("{{data.jobId}}", 7),
        ({"a": ["{{data.jobId}}", 1, None], "{{data.jobId}}": "x"}, {"a": [7, 1, None], "{{data.jobId}}": "x"}),
        ("{{data.error}}!", "{{data.jobId}}!"),  # what an event says is never read again
        ("{data.jobId} {% if %} ${7}", "{data.jobId} {% if %} ${7}"),
    ],
)
def test_a_placeholder_becomes_what_it_stands_for(value, expected):
    assert filled(value, VALUES) == expected


def test_one_that_stands_for_nothing_is_refused():
    with pytest.raises(PermanentError, match=r"\{\{data.gone\}\} stands for nothing"):
        filled("{{data.gone}}", VALUES)
    assert [*unknown({"a": "{{data.gone}} {{data.jobId}}"}, VALUES)] == ["data.gone"]
    assert [*unknown(["{{data.jobId.x}}", "{{ 7*7 }}"], VALUES)] == ["{{", "{{"]


def test_a_text_that_becomes_too_long_is_refused():
    long = {"data.error": "x" * 2000}
    assert len(filled("{{data.error}} " * 9, long)) < MAX_TEXT
    with pytest.raises(PermanentError, match="longer than 20,000"):
        filled("{{data.error}} " * 11, long)
