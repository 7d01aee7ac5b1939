"""A link reads one file for minutes, whoever has it; any other address reads nothing."""

import re
import string

import pytest
import requests
from werkzeug.test import TestResponse

from db import clock
from db.transaction import transaction
from domain import master_keys, signing
from domain.errors import Conflict, NotFound
from domain.files import links
from domain.files.storing import File
from tests import chain
from tests.caller import application
from tests.conftest import configure
from tests.integration.files.files import BILL, kept
from tests.storages import Place
from tests.tenant import Tenant
from tests.waiting import wait_until

NAME = "Фактура 1.pdf"
SPOKEN = "attachment; filename=\"_______ 1.pdf\"; filename*=UTF-8''%D0%A4%D0%B0%D0%BA%D1%82%D1%83%D1%80%D0%B0%201.pdf"


def linked(file: File, seconds: int = links.USUAL_S, name: str = NAME) -> str:
    with transaction() as session:
        return links.signed(session, file.organization_id, file.sha256, name, seconds)


def follow(url: str) -> TestResponse:
    """Return the answer of this API to somebody without a key."""
    return application().test_client().get(url)


def test_a_link_reads_the_file_without_a_key(place: Place, organization: Tenant) -> None:
    url = linked(kept(organization), name="bill 1.pdf")
    if place.server:
        answer = requests.get(url, timeout=10)
        assert (answer.status_code, answer.content) == (200, BILL)
    else:
        answer = follow(url)
        assert (answer.status_code, answer.data) == (200, BILL)
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="bill 1.pdf"'


def test_a_name_in_any_script_is_told(folder: Place, organization: Tenant) -> None:
    assert follow(linked(kept(organization))).headers["Content-Disposition"] == SPOKEN


def test_a_browser_saves_it_and_runs_nothing(folder: Place, organization: Tenant) -> None:
    page = b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><script>alert(1)</script></html>"
    headers = follow(linked(kept(organization, page), name="a.html\r\nX: y")).headers
    assert headers["Content-Disposition"] == 'attachment; filename="a.html  X: y"'
    assert headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Length"] == str(len(page))


def test_a_bucket_that_clients_do_not_reach_is_read_through_the_api(bucket: Place, organization: Tenant) -> None:
    configure(**bucket.settings(storage_public_endpoint=""))
    url = linked(kept(organization))
    assert url.startswith("/api/v1/files/")
    assert (follow(url).status_code, follow(url).data) == (200, BILL)


def test_a_changed_link_is_none(folder: Place, organization: Tenant) -> None:
    url = linked(kept(organization))
    start, token = url[: len(links.PATH)], url[len(links.PATH) :]
    for place in range(len(token)):
        other = "B" if token[place] == "A" else "A"
        assert follow(f"{start}{token[:place]}{other}{token[place + 1 :]}").status_code == 404, place
    for changed in (token[:-1], token + "A", token + "AAAA", token[4:], "A", "A" * 64, token + "==", token + "%0A"):
        assert follow(start + changed).status_code == 404, changed
    assert follow(url).status_code == 200


@pytest.mark.parametrize("name", ["a", "ab", "abc"])
def test_a_link_is_spelled_in_one_way(folder: Place, organization: Tenant, name: str) -> None:
    """The last letter of base64 may have bits that nothing is written in."""
    url = linked(kept(organization), name=name)
    for last in set(string.ascii_letters + string.digits + "-_") - {url[-1]}:
        assert follow(url[:-1] + last).status_code == 404, last


def test_a_link_ends(folder: Place, organization: Tenant) -> None:
    url = linked(kept(organization), seconds=1)
    wait_until(lambda: follow(url).status_code == 410, 10, "the link is still good")
    assert "ask for a new one" in follow(url).json["detail"]


def test_no_link_is_good_for_longer_than_an_hour(folder: Place, organization: Tenant) -> None:
    token = linked(kept(organization), seconds=10**9).removeprefix(links.PATH)
    with transaction() as session:
        assert links.follow(session, token).name == NAME
        ends = links.HEAD.unpack_from(links._told(token) or b"")[1]
        assert 3590 < ends - clock.now(session).timestamp() <= 3600


def test_a_link_of_another_installation_is_none(folder: Place, organization: Tenant) -> None:
    url = linked(kept(organization))
    configure(master_keys=master_keys.new_key())
    assert follow(url).status_code == 404


def test_a_link_outlives_the_change_of_the_keys(folder: Place, organization: Tenant) -> None:
    old, new = master_keys.new_key(), master_keys.new_key()
    configure(master_keys=old)
    of_a_worker = linked(kept(organization))
    configure(master_keys=f"{new},{old}", signing_key=signing.new_key())
    assert follow(of_a_worker).status_code == 200
    assert follow(linked(kept(organization))).status_code == 200


def test_without_a_key_there_are_no_links(folder: Place, organization: Tenant) -> None:
    file = kept(organization)
    configure(master_keys="", signing_key="")
    with pytest.raises(Conflict, match="counterfoil keys"):
        linked(file)


def test_there_is_no_link_to_another_organizations_file(
    place: Place, organization: Tenant, other_organization: Tenant
) -> None:
    file = kept(organization)
    with transaction() as session, pytest.raises(NotFound):
        links.signed(session, other_organization.id, file.sha256, NAME)


def test_a_file_that_the_storage_does_not_give_now_is_a_503(folder: Place, organization: Tenant) -> None:
    url = linked(kept(organization))
    configure(storage_url="")
    answer = follow(url)
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
    assert "Retry-After" in answer.headers


def test_a_token_tells_nothing_to_the_log(folder: Place, organization: Tenant) -> None:
    assert re.fullmatch("/api/v1/files/[A-Za-z0-9_-]+", linked(kept(organization)))
    assert len(linked(kept(organization), name="ж" * 1000)) < 2048
    assert chain.rows("SELECT count(*) FROM jobs") == [(0,)]
