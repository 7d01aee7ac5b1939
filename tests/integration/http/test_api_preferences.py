"""Headers that say what a caller would rather have are read as their RFCs say; a malformed one never refuses."""

import pytest

from domain.jobs.execution import run_jobs
from domain.jobs.registry import Kind
from tests.integration.jobs.test_api_jobs import JOBS
from tests.integration.jobs.test_moves import owe

PROBE = Kind("probe", lambda _, jobs: [{} for _ in jobs])


@pytest.mark.parametrize(
    "prefer",
    [
        "wait=1", "Wait=1", 'wait="1"', "WAIT = 1", "wait=1; for=me", "foo; bar, wait=1", 'foo="a, wait=9", wait=1',
        "wait=1, wait=15", [("Prefer", "respond-async"), ("Prefer", "wait=1")],
    ],
)  # fmt: skip
def test_a_preferred_wait_is_read_in_each_spelling(client, organization, prefer):
    headers = prefer if isinstance(prefer, list) else [("Prefer", prefer)]
    answer = client.get(f"{JOBS}/{owe(organization.id)}", headers=headers)
    assert answer.headers["Preference-Applied"] == "wait=1"


@pytest.mark.parametrize(
    "prefer", ["wait", "wait=", "wait=soon", "wait=-1", "wait=1.5", "wait=٣", 'foo="wait=9"', "foo; wait=9", '=,;"']
)
def test_a_malformed_wait_is_ignored(client, organization, prefer):
    answer = client.get(f"{JOBS}/{owe(organization.id)}", headers={"Prefer": prefer.encode().decode("latin-1")})
    assert (answer.status_code, answer.headers.get("Preference-Applied")) == (200, None)


@pytest.mark.parametrize(
    "tag", ['"{}"', 'W/"{}"', '"{}-gzip"', 'W/"{}-gzip"', '"{}-br"', '"{}--gzip"', '"other", W/"{}"', "*"]
)
def test_a_known_version_is_recognized_in_each_spelling(client, organization, tag):
    job_id = owe(organization.id)
    run_jobs(PROBE, [job_id])
    version, _ = client.get(f"{JOBS}/{job_id}").get_etag()
    answer = client.get(f"{JOBS}/{job_id}", headers={"If-None-Match": tag.format(version)})
    assert (answer.status_code, answer.data, answer.get_etag()) == (304, b"", (version, True))


@pytest.mark.parametrize("tag", ['"{}-other"', '"x{}"', '"-gzip"', '"other", W/"another"', "", '"{}'])
def test_another_version_is_not_taken_for_the_known_one(client, organization, tag):
    job_id = owe(organization.id)
    version, _ = client.get(f"{JOBS}/{job_id}").get_etag()
    headers = {"If-None-Match": tag.format(version) if tag != '"{}' else '"' + version[:8]}
    assert client.get(f"{JOBS}/{job_id}", headers=headers).status_code == 200


@pytest.mark.parametrize("coding", ["gzip", "br", "GZIP", "identity, gzip"])
def test_a_compressed_body_is_refused_with_what_to_send_instead(client, organization, coding):
    body = {"name": "Main warehouse"}
    answer = client.post("/api/v1/locations", body, headers={"Content-Encoding": coding})
    assert (answer.status_code, answer.headers["Accept-Encoding"]) == (415, "identity")
    assert client.post("/api/v1/locations", body, headers={"Content-Encoding": "identity"}).status_code == 201
