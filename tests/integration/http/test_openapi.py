"""The OpenAPI spec is true: what it allows is accepted, what it forbids is refused, each answer is as it says."""

import re
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from jsonschema import Draft202012Validator
from schemathesis.config import SchemathesisConfig
from schemathesis.generation.hypothesis.builder import HypothesisTestConfig, HypothesisTestMode, create_test

from counterfoil.crashkit.database import Database, copy_of, disconnect
from db.engine import engine
from db.transaction import transaction
from domain.identity import keys
from tests import bodies, chain
from tests.caller import Caller, application
from tests.integration.http.cases import operations
from tests.tenant import new_tenant
from tests.waiting import wait_until

CONFIGURATION = {
    "seed": 20260116,
    "generation": {"max-examples": 5, "deterministic": True, "database": "none"},
    # Replaced by `assert_refused_with_reason`: a schema cannot say which suppliers exist.
    "checks": {
        "positive_data_acceptance": {"enabled": False},
        # Besides the tool's own: 413, for a body that is too large before its schema is looked at.
        "negative_data_rejection": {
            "expected-statuses": [400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 428, 429, "5xx"],
        },
    },
}
# What a request that keeps to the schema can still be refused for.
REASONS = re.compile(
    r"supplier not found|client not found|template not found|is no template of yours"
    r"|invalid currency_code|is not a known locale"
    r"|due_date is required|must not be before|must not be more than|the total must not exceed"
    r"|none of the requests was accepted|no font here can draw|does not show in print"
    r"|taxId is required, or vatId"
    r"|must be number here|remove |move |placeholder|is missing: an invoice has to show it|cannot be printed"
    r"|is not a known (product|location)|must be another location|lines are too much"
    r"|the supplier has no series|could print the same number|needs {YYYY} or|differ: send one|is for credit notes"
    r"|must not be after today|must be an IBAN|must be a BIC|IANA time zone|does not go together with"
    r"|must be 0 with taxCategory|must be above 0 with|needs a taxCategory|is no line of|is given twice|in units of"
    r"|breaks rule|must be a country's|cannot be written as an e-invoice"
    r"|another template the default|has no matching|unknown type|payload|a name must not contain NUL"
    r"|unless you give a filter|no job matches"
    r"|no e-mail address|must be an address in ASCII"
    r"|or oauth: one of the two|must not move mails|must be keep, seen, or move"
    r"|supplier not found|no e-mail address|must be an address in ASCII"
    r"|must have five fields|cannot be read: bad|names a day that|names no time|is required, or "
    r"|must be one of: |stand for nothing|are for triggers by an event|must not have more than"
    r"|must not be nested|is not a known field"
    r"|the file is empty|is no currency|invalid currency"
    r"|must be absent where there is a role|must be later than now"
    r"|is refused: |are refused: |which Counterfoil sets itself|of base64|say which events"
)
ACCEPTABLE = {401, 404, 409, 415, 422}


schema = schemathesis.openapi.from_wsgi(
    "/openapi.json", application(), config=SchemathesisConfig.from_dict(CONFIGURATION)
)
# A stream of one job or request lasts as long as that: tests/faults/test_event_streams.py.
FOUND = [found.ok() for found in schema.exclude(path_regex="}/events$").get_all_operations()]
OPERATIONS = {operation.label: operation for operation in FOUND}
TRIALS = HypothesisTestConfig(
    modes=list(HypothesisTestMode),
    project=schema.config,
    settings=schema.config.get_hypothesis_settings(phase="fuzzing"),
    seed=schema.config.seed,
)


@pytest.fixture(scope="module")
def furnished(template_database: Database) -> Iterator[tuple[Database, str]]:
    """A database in which an organization has one of each kind of thing, and the organization's key."""
    with copy_of(template_database) as database:
        organization = new_tenant("Acme")
        client = Caller(organization.key)
        client.post("/api/v1/invoice-requests", bodies.invoice(organization.supplier_id))
        client.post("/api/v1/invoices/generate", bodies.invoice(organization.supplier_id))
        bodies.inventory(client)
        chain.keep_books()
        with transaction() as session:
            key = keys.create(session, organization.id, "on call", role="operator").secret
        # The thread of the direct path gives its connection back a moment after its caller is answered.
        wait_until(lambda: engine().pool.checkedout() == 0)  # type: ignore[attr-defined]
        disconnect()
        chain.look_away()
        yield database, key


@pytest.fixture
def key(furnished: tuple[Database, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The key to a copy of the furnished database."""
    monkeypatch.setattr("api.http.subscribers.MAX_STREAM_S", 0)
    database, secret = furnished
    with copy_of(database):
        yield secret


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_every_answer_is_as_documented(operation: schemathesis.APIOperation, key: str) -> None:
    @settings(deadline=None, suppress_health_check=list(HealthCheck), database=None)
    def ask(case: schemathesis.Case) -> None:
        response = case.call_and_validate(headers={"Authorization": f"Bearer {key}"})
        assert_refused_with_reason(case, response)

    # `schema.parametrize` makes the cases of all operations while tests are collected, in each test process.
    create_test(operation=operation, test_func=ask, config=TRIALS)()


def assert_refused_with_reason(case, response) -> None:
    """Fail if a request that keeps to the schema is refused for what the schema could have said."""
    modes = [case.meta.generation.mode, *(part.mode for part in case.meta.components.values())]
    if any(mode.is_negative for mode in modes):
        return
    if response.status_code < 400 or response.status_code in ACCEPTABLE:
        return
    assert response.status_code == 400, response.text
    assert REASONS.search(response.json()["detail"]), (case.body, response.json())


def test_the_root_leads_to_the_reader() -> None:
    answer = application().test_client().get("/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/docs")
    assert application().test_client().get("/docs").status_code == 200


def test_the_document_is_openapi_3_1() -> None:
    document = application().test_client().get("/openapi.json").json
    assert document["openapi"] == "3.1.0"
    for definition in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(definition)


def test_the_document_and_the_routes_are_the_same() -> None:
    document = application().test_client().get("/openapi.json").json
    documented = {
        f"{method.upper()} {path}"
        for path, item in document["paths"].items()
        for method in item.keys() - {"parameters"}
    }
    routed = {
        re.sub("<([a-z_]+)>", r"{\1}", name)
        for name, rule in operations()
        if not rule.endpoint.startswith(("docs.", "api-docs."))
    }
    assert documented == routed


def test_every_query_parameter_that_is_taken_is_documented() -> None:
    document, app = application().test_client().get("/openapi.json").json, application()
    for name, rule in operations():
        taken = getattr(app.view_functions[rule.endpoint], "_apidoc", {}).get("arguments", {}).get("parameters", ())
        method, path = re.sub("<([a-z_]+)>", r"{\1}", name).split()
        shown = document["paths"].get(path, {}).get(method.lower(), {}).get("parameters", ())
        wanted = {field.data_key for one in taken if one["in"] == "query" for field in one["schema"].fields.values()}
        assert wanted <= {one["name"] for one in shown if "name" in one}, name


def test_every_refusal_is_documented_as_a_problem() -> None:
    document = application().test_client().get("/openapi.json").json
    for path, item in document["paths"].items():
        for method in item.keys() - {"parameters"}:
            responses = item[method]["responses"]
            for status in responses.keys() - {"200", "201", "202", "204", "304"}:
                component = responses[status]["$ref"].rpartition("/")[2]
                assert [*document["components"]["responses"][component]["content"]] == ["application/problem+json"]
            assert {"500", "503"} <= responses.keys(), (method, path)
