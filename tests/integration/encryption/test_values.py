"""An encrypted value is read in its own place, by those who have the master key, and nowhere else."""

import base64
import logging
import traceback

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from db.transaction import transaction
from domain import encryption, master_keys
from domain.encryption import HEADER, NONCE_BYTES, TAG_BYTES, Undecryptable
from domain.errors import Conflict
from domain.master_keys import MasterKeyLacking
from tests import chain
from tests.conftest import configure

COLUMN, ROW, SECRET = "webhooks.secret", 7, "canary-whsec"
BITS = [1 << bit for bit in range(8)]


def encrypted(organization_id: int, text: str = SECRET, column: str = COLUMN, row_id: int = ROW) -> bytes:
    with transaction() as session:
        return encryption.encrypt(session, organization_id, column, row_id, text)


def decrypted(organization_id: int, value: bytes, column: str = COLUMN, row_id: int = ROW) -> str:
    with transaction() as session:
        return encryption.decrypt(session, organization_id, column, row_id, value)


@given(text=st.text(st.characters()), column=st.text(), row_id=st.integers(0, 2**63 - 1))
@hypothesis_settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_encrypted_is_read_as_it_was(master_key, organization, text, column, row_id):
    column = column.encode(errors="replace").decode()
    assert decrypted(organization.id, encrypted(organization.id, text, column, row_id), column, row_id) == text


def test_a_value_names_its_data_key_and_holds_nothing_else_that_can_be_read(master_key, organization):
    one, two = encrypted(organization.id), encrypted(organization.id)
    [(data_key_id,)] = chain.rows("SELECT id FROM data_keys")
    assert HEADER.unpack_from(one) == (encryption.VERSION, data_key_id)
    assert len(one) == HEADER.size + NONCE_BYTES + len(SECRET) + TAG_BYTES
    assert SECRET.encode() not in one
    assert one[HEADER.size :] != two[HEADER.size :], "the same text looks the same twice"


def test_a_value_is_refused_in_another_row_column_or_organization(master_key, organization, other_organization):
    value = encrypted(organization.id)
    encrypted(other_organization.id)
    for place in (
        {"row_id": ROW + 1},
        {"column": "webhooks.headers"},
        {"column": COLUMN + "s"},
        {"column": COLUMN[:-1]},
        {"organization_id": other_organization.id},
    ):
        with pytest.raises(Undecryptable):
            decrypted(**{"organization_id": organization.id, "value": value, **place})
    assert decrypted(organization.id, value) == SECRET


def test_a_value_is_refused_in_another_organization_that_was_given_its_data_key(
    master_key, organization, other_organization
):
    """By whoever may write to the tables: the place is authenticated, whichever key opens it."""
    value = encrypted(organization.id)
    chain.ask("UPDATE data_keys SET organization_id = %s", other_organization.id)
    with pytest.raises(Undecryptable, match="changed, or encrypted for another place"):
        decrypted(other_organization.id, value)


def test_a_change_of_any_bit_is_seen(master_key, organization):
    value = encrypted(organization.id)
    for at in range(len(value)):
        for bit in BITS:
            changed = value[:at] + bytes([value[at] ^ bit]) + value[at + 1 :]
            with pytest.raises(Undecryptable):
                decrypted(organization.id, changed)


def test_a_version_that_is_not_authenticated_would_be_seen_as_well(master_key, organization, monkeypatch):
    """A later version that reads the same layout must not open what another one wrote."""
    value = encrypted(organization.id)
    monkeypatch.setattr(encryption, "VERSION", 2)
    with pytest.raises(Undecryptable, match="changed"):
        decrypted(organization.id, bytes([2]) + value[1:])


def test_a_value_that_was_cut_or_lengthened_is_refused(master_key, organization):
    value = encrypted(organization.id)
    for other in [*(value[:size] for size in range(len(value))), value + b"\0", b"\0" + value]:
        with pytest.raises(Undecryptable):
            decrypted(organization.id, other)


@pytest.mark.parametrize("version", [0, 2, 255])
def test_a_value_of_an_unknown_version_is_refused_by_its_number(master_key, organization, version):
    value = encrypted(organization.id)
    with pytest.raises(Undecryptable, match=f"version {version} of encrypted values is unknown"):
        decrypted(organization.id, bytes([version]) + value[1:])


def test_without_a_master_key_nothing_is_encrypted_and_the_refusal_says_what_to_do(database, organization):
    with pytest.raises(Conflict, match="`counterfoil keys master`"):
        encrypted(organization.id)
    assert chain.value("SELECT count(*) FROM data_keys") == 0


@pytest.mark.parametrize("others", ["", "another"])
def test_a_process_without_the_master_key_that_is_needed_names_it(master_key, organization, others):
    value, [known] = encrypted(organization.id), master_keys.known()
    configure(master_keys=master_keys.new_key() if others else "")
    for attempt in (lambda: decrypted(organization.id, value), lambda: encrypted(organization.id)):
        with pytest.raises(MasterKeyLacking, match=known.id):
            attempt()
    configure(master_keys=f"{master_keys.new_key()},{master_key}")
    assert decrypted(organization.id, value) == SECRET


@pytest.mark.parametrize(
    "wrapped", ["decode(repeat('00', 40), 'hex')", "set_byte(wrapped, 39, 255 - get_byte(wrapped, 39))"]
)
def test_a_data_key_that_was_changed_opens_nothing(master_key, organization, wrapped):
    value = encrypted(organization.id)
    chain.ask(f"UPDATE data_keys SET wrapped = {wrapped}")
    with pytest.raises(Undecryptable, match="a data key is not as master key"):
        decrypted(organization.id, value)


def test_a_value_whose_data_key_is_gone_is_refused_and_the_next_one_has_a_new_key(master_key, organization):
    value = encrypted(organization.id)
    chain.ask("DELETE FROM data_keys")
    with pytest.raises(Undecryptable, match="has no data key"):
        decrypted(organization.id, value)
    assert decrypted(organization.id, encrypted(organization.id)) == SECRET
    with pytest.raises(Undecryptable, match="has no data key"):
        decrypted(organization.id, value)


def refusals(organization_id: int, value: bytes) -> list[BaseException]:
    """Return what is raised for a value that was changed, one that was moved, and one whose key is not here."""
    found: list[BaseException] = []
    changed = value[:-1] + bytes([value[-1] ^ 1])
    for arguments in ((organization_id, changed), (organization_id, value, COLUMN, 8), (organization_id, b"")):
        with pytest.raises(Undecryptable) as refused:
            decrypted(*arguments)
        found.append(refused.value)
    encryption._unwrapped._kept.clear()
    configure(master_keys=master_keys.new_key())
    with pytest.raises(MasterKeyLacking) as lacking:
        decrypted(organization_id, value)
    return [*found, lacking.value]


def refusal_of_a_changed_data_key(organization_id: int, value: bytes, master_key: str) -> BaseException:
    configure(master_keys=master_key)
    chain.ask("UPDATE data_keys SET wrapped = decode(repeat('00', 40), 'hex')")
    with pytest.raises(Undecryptable) as refused:
        decrypted(organization_id, value)
    return refused.value


def test_no_key_and_no_text_is_shown_by_any_object_log_or_error(master_key, organization, caplog):
    caplog.set_level(logging.DEBUG)
    value = encrypted(organization.id)
    decrypted(organization.id, value)
    [known] = master_keys.known()
    data_key = known.unwrap(bytes(chain.value("SELECT wrapped FROM data_keys")))
    shown = [repr(known), str(known), repr(encryption._unwrapped), repr(encryption._unwrapped._kept)]
    errors = refusals(organization.id, value)
    for error in [*errors, refusal_of_a_changed_data_key(organization.id, value, master_key)]:
        shown += [repr(error), *traceback.format_exception(error)]
    shown += [caplog.text]
    secrets = [SECRET, master_key]
    for key in (base64.b64decode(master_key), data_key):
        secrets += [key.hex(), base64.b64encode(key).decode(), repr(key)[2:-1]]
    assert [(secret, text) for secret in secrets for text in shown if secret in text] == []
