"""One invoice has one canonical text, and its hash depends on all of it and on all before it."""

import hashlib
import json
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from domain.invoices import ledger

NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=6)
PLAIN = st.text(max_size=5) | st.integers(-(2**63), 2**63 - 1) | st.none()
VALUES = PLAIN | st.dictionaries(st.text(max_size=3), PLAIN, max_size=3)
FORMER = {name: st.just(former) for name, former in ledger.ADDED.items()}
CONTENT = st.fixed_dictionaries(dict.fromkeys(ledger.FIELDS, VALUES) | FORMER)


@given(NUMBERS, st.integers(0, 8))
def test_a_decimal_has_one_text_however_many_zeros_it_is_stored_with(number, zeros):
    text = ledger.decimal(number)
    assert Decimal(text) == number
    assert ledger.decimal(Decimal(f"{number:f}" + ("" if "." in f"{number:f}" else ".") + "0" * zeros)) == text
    assert "E" not in text
    assert not ("." in text and text.endswith(("0", ".")))


@given(st.integers(0, 12))
def test_zero_has_one_text_whatever_its_sign(places):
    assert ledger.decimal(Decimal(f"-0E-{places}")) == ledger.decimal(Decimal(f"0E-{places}")) == "0"


@given(CONTENT, st.binary(min_size=32, max_size=32))
def test_the_hash_is_that_of_the_one_before_and_the_canonical_text(content, previous):
    stated = {name: content[name] for name in ledger.FIELDS}
    text = json.dumps(stated, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert ledger.link(previous, content) == hashlib.sha256(previous + text.encode()).digest()
    assert ledger.link(previous, dict(reversed(content.items()))) == ledger.link(previous, content)


@given(CONTENT, st.sampled_from((*ledger.FIELDS, *ledger.ADDED)))
def test_a_change_of_any_field_changes_the_hash(content, name):
    changed = content | {name: f"{content[name]} forged"}
    assert ledger.link(ledger.GENESIS, changed) != ledger.link(ledger.GENESIS, content)


@given(st.lists(CONTENT, min_size=2, max_size=4))
def test_a_change_early_in_the_chain_changes_its_head(contents):
    def head(chain):
        last = ledger.GENESIS
        for content in chain:
            last = ledger.link(last, content)
        return last

    forged = [contents[0] | {"total": "forged"}, *contents[1:]]
    assert head(forged) != head(contents)
