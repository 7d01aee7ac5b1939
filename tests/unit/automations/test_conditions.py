"""Conditions hold as they are meant, are bounded, and say by its place what is wrong with them."""

from decimal import Decimal
from typing import Any

import pytest

from domain.automations import conditions
from domain.automations.catalogue import OPS, TRIGGERS, FieldType, names
from domain.automations.conditions import MAX_NODES
from domain.errors import Invalid
from domain.events.types import PINGED, TYPES

FIELDS = {**TRIGGERS["invoice.issued"].fields, "failingSince": FieldType.TIME, "error": FieldType.TEXT}
DATA: dict[str, Any] = {
    "invoiceId": 7, "invoiceNumber": "INV-000007", "supplierId": 1, "issueDate": "2026-03-31", "currencyCode": "EUR",
    "total": Decimal("240.10"), "failingSince": "2026-03-31T12:00:00.000Z", "error": "x" * 1500 + "disk",
}  # fmt: skip


def one(field: str, op: str, value: Any) -> dict[str, Any]:
    return {"field": field, "op": op, "value": value}


HOLDS = (
    (one("currencyCode", "is", "EUR"), True),
    (one("currencyCode", "is", "eur"), False),
    (one("currencyCode", "isNot", "USD"), True),
    (one("currencyCode", "in", ["USD", "EUR"]), True),
    (one("currencyCode", "in", ["USD"]), False),
    (one("invoiceNumber", "contains", "inv-"), True),
    (one("invoiceNumber", "contains", "PRO"), False),
    (one("total", "is", Decimal("240.1")), True),
    (one("total", "is", 240.1), True),
    (one("total", "atLeast", 240), True),
    (one("total", "atLeast", 240.11), False),
    (one("total", "atMost", 240.10), True),
    (one("total", "in", [1, 240.1]), True),
    (one("invoiceId", "is", 7), True),
    (one("issueDate", "atMost", "2026-03-31"), True),
    (one("issueDate", "atLeast", "2026-04-01"), False),
    (one("failingSince", "atLeast", "2026-03-31T15:00:00+03:00"), True),
    (one("failingSince", "atLeast", "2026-03-31T12:00:01Z"), False),
    # What the event does not say is no value.
    (one("requestId", "is", 1), False),
    (one("requestId", "isNot", 1), True),
    (one("requestId", "atMost", 1), False),
    (one("requestId", "in", [1]), False),
    ({"all": []}, True),
    (one("error", "contains", "DISK"), True),
    (one("error", "is", "x" * 500), False),
    (one("error", "isNot", "x" * 500), True),
    ({"all": [one("total", "atLeast", 1), one("currencyCode", "is", "USD")]}, False),
    ({"any": [one("total", "atLeast", 1), one("currencyCode", "is", "USD")]}, True),
    ({"not": one("currencyCode", "is", "USD")}, True),
    ({"not": {"all": [{"any": [one("total", "atMost", 1), {"not": one("total", "atLeast", 1)}]}]}}, True),
)


@pytest.mark.parametrize(("tree", "expected"), HOLDS)
def test_a_condition_holds_as_it_is_meant(tree, expected):
    assert conditions.checked(tree, FIELDS) == tree
    assert conditions.holds(tree, FIELDS, DATA) is expected
    assert conditions.explained(tree, FIELDS, DATA)["holds"] is expected


def test_a_list_means_all_of_it():
    parts = [one("total", "atLeast", 1), one("currencyCode", "is", "EUR")]
    assert conditions.checked(parts, FIELDS) == {"all": parts}
    assert not conditions.used(conditions.checked([], FIELDS))
    assert conditions.used(conditions.checked(parts, FIELDS))


def test_what_each_part_comes_to_is_told():
    tree = {"all": [one("total", "atLeast", 300), {"not": one("currencyCode", "is", "USD")}]}
    assert conditions.explained(tree, FIELDS, DATA) == {
        "all": [
            {"field": "total", "op": "atLeast", "value": 300, "found": Decimal("240.10"), "holds": False},
            {"not": {**one("currencyCode", "is", "USD"), "found": "EUR", "holds": False}, "holds": True},
        ],
        "holds": False,
    }


def nested(depth: int) -> dict[str, Any]:
    return {"not": nested(depth - 1)} if depth > 1 else one("total", "is", 1)


WRONG = (
    ("text", "conditions", "must be one of"),
    ({"all": [], "any": []}, "conditions", "must be one of"),
    ({"field": "total", "op": "is"}, "conditions", "must be one of"),
    ({"all": {}}, "conditions.all", "must be a list"),
    ({"any": []}, "conditions.any", "must have at least one part"),
    ([{"all": []}], "conditions.all[0].all", "must have at least one part"),
    ({"not": {"all": []}}, "conditions.not.all", "must have at least one part"),
    ([one("total", "is", Decimal("1E+400"))], "conditions.all[0].value", "must be a number of up to 15 digits"),
    ([one("total", "is", Decimal("1E-400"))], "conditions.all[0].value", "must be a number of up to 15 digits"),
    ([one("total", "in", [1, Decimal("12345678901234567.89")])], "conditions.all[0].value", "must be a list of values"),
    ([one("total", "is", 1), 7], "conditions.all[1]", "must be one of"),
    ([one("totl", "is", 1)], "conditions.all[0].field", "must be one of: invoiceId, "),
    ([one({}, "is", 1)], "conditions.all[0].field", "must be one of: invoiceId, "),
    ([one("total", "contains", 1)], "conditions.all[0].op", "must be one of: is, isNot, atLeast, atMost, in"),
    ([one("currencyCode", "atLeast", "A")], "conditions.all[0].op", "must be one of: is, isNot, contains, in"),
    ([one("currencyCode", [], "A")], "conditions.all[0].op", "must be one of: is, isNot, contains, in"),
    ([{"any": [{"not": one("total", "is", "1")}]}], "conditions.all[0].any[0].not.value", "must be a number"),
    ([one("total", "is", True)], "conditions.all[0].value", "must be a number"),
    ([one("total", "is", Decimal("NaN"))], "conditions.all[0].value", "must be a number"),
    ([one("invoiceId", "is", 1.5)], "conditions.all[0].value", "must be a whole number"),
    ([one("currencyCode", "is", None)], "conditions.all[0].value", "must be text of up to 500 characters"),
    ([one("currencyCode", "is", "x" * 501)], "conditions.all[0].value", "must be text of up to 500 characters"),
    ([one("issueDate", "is", "2026-02-30")], "conditions.all[0].value", "must be a day such as"),
    ([one("failingSince", "is", "2026-02-01T12:00:00")], "conditions.all[0].value", "must be a time such as"),
    ([one("total", "in", 1)], "conditions.all[0].value", "must be a list of 1 to 50 values"),
    ([one("total", "in", [])], "conditions.all[0].value", "must be a list of 1 to 50 values"),
    ([one("total", "in", [1] * 51)], "conditions.all[0].value", "must be a list of 1 to 50 values"),
    ([one("total", "in", [1, "a"])], "conditions.all[0].value", "must be a list of values, each a number"),
    (nested(6), "conditions.not.not.not.not.not", "must not be nested more than 5 deep"),
    (one("total", "is", Decimal("1e400")), "conditions.value", "must be a number"),
    ([one("total", "is", 1)] * MAX_NODES, "conditions", "must not have more than 50 parts"),
    ([[]] * 100_000, "conditions", "must not have more than 50 parts"),
)


@pytest.mark.parametrize(("tree", "place", "told"), WRONG, ids=range(len(WRONG)))
def test_what_is_wrong_is_named_by_its_place(tree, place, told):
    with pytest.raises(Invalid) as refused:
        conditions.checked(tree, FIELDS)
    assert [*refused.value.errors] == [place]
    assert refused.value.errors[place][0].startswith(told)


@pytest.mark.parametrize("value", [Decimal("999999999999.9999"), Decimal("0.1"), 10**18 + 1, 2**53 + 1])
def test_a_number_is_kept_as_it_was_given(value):
    [kept] = conditions.checked([one("total", "is", value)], FIELDS)["all"]
    kept = {**kept, "value": float(value) if isinstance(value, Decimal) else value}  # as a row has it
    assert conditions.holds(kept, FIELDS, {"total": Decimal(value)})


def test_what_is_as_deep_and_as_large_as_may_be_is_taken():
    conditions.checked(nested(5), FIELDS)
    conditions.checked([one("total", "is", 1)] * (MAX_NODES - 1), FIELDS)


def test_the_catalogue_has_each_type_of_event_that_may_trigger():
    assert set(TRIGGERS) == set(TYPES) - {PINGED}
    for name, trigger in TRIGGERS.items():
        assert trigger.fields[trigger.subject] is FieldType.INTEGER, name
        assert {f"data.{field}" for field in trigger.fields} <= set(names(name))
    assert set(OPS) == set(FieldType)
