"""Each route takes the permission that it declares, and no other opens it."""

import re
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from werkzeug.test import TestResponse

from api.http.auth import PAGES
from api.http.blueprint import ANYONE, OPEN, PERMISSIONS
from db.transaction import transaction
from domain.identity import keys, roles
from domain.jobs.registry import submittable
from tests import bodies, chain
from tests.caller import Caller, application
from tests.integration.http.cases import CASES, operations
from tests.integration.http.test_api_isolation import owned
from tests.tenant import Tenant

# By role: what it may do, and what it may not.
EXAMPLES = {
    "viewer": ({"invoices:read", "jobs:read"}, {"invoices:issue", "jobs:cancel-own", "installation:read"}),
    "clerk": (
        {"invoices:issue", "requests:submit", "bills:upload", "bills:review", "transfers:send", "sales:create",
         "purchases:create", "jobs:create", "jobs:cancel-own"},
        {"bills:approve", "purchases:approve", "invoices:credit", "jobs:cancel", "jobs:retry", "keys:manage"},
    ),
    "accountant": (
        {"bills:approve", "purchases:approve", "invoices:credit", "accounting:recreate", "jobs:retry", "jobs:cancel"},
        {"users:manage", "keys:manage", "webhooks:manage", "mailboxes:manage", "automations:manage", "jobs:manage"},
    ),
    "owner": (set(roles.PERMISSIONS) - {"installation:read", "installation:manage"}, {"installation:read"}),
    "operator": (set(roles.PERMISSIONS), set()),
}  # fmt: skip


def guarded() -> Iterator[tuple[str, str]]:
    """Yield each operation that takes a permission, with it."""
    for name, rule in operations():
        permission = OPEN if rule.endpoint in PAGES else PERMISSIONS[rule.endpoint]
        if permission not in (OPEN, ANYONE):
            yield name, permission


def caller(organization: Tenant, *scopes: str, role: str | None = None) -> Caller:
    with transaction() as session:
        return Caller(keys.create(session, organization.id, "some", role, None if role else scopes).secret)


def test_the_documented_table_is_that_of_the_code() -> None:
    before: frozenset[str] = frozenset()
    table = Path("docs/access.md").read_text()
    for role, allowed in roles.ROLES.items():
        [told] = re.findall(rf"(?m)^\| {role} \| (.*) \|$", table)
        named = set(re.findall(r"`([a-z-]+:[a-z-]+)`", told))
        assert named == (set() if role == "viewer" else allowed - before), role
        before = allowed


def test_each_role_may_do_what_is_expected_of_it() -> None:
    for role, (may, may_not) in EXAMPLES.items():
        allowed = roles.granted(role, None)
        assert may <= allowed, role
        assert not may_not & allowed, role


NOBODYS = defaultdict(lambda: 999_999)


def send(key: Caller, name: str) -> TestResponse:
    """Make the call that its case describes, of ids that nobody has."""
    case = CASES[name]
    return key.send(name.split()[0], case.path.format_map(NOBODYS), case.body(NOBODYS) if case.body else None)


def test_no_operation_is_open_but_for_those_that_say_why() -> None:
    """A link to a file is signed, and the endpoint for a cron service has a secret of its own."""
    opened = {name for name, rule in operations() if PERMISSIONS.get(rule.endpoint) in (OPEN, ANYONE)}
    assert opened == {
        "GET /api/v1/me", "GET /api/v1/health", "GET /api/v1/cron/process-jobs", "GET /api/v1/files/<token>",
    }  # fmt: skip


def test_what_changes_something_never_takes_the_permission_to_read() -> None:
    changing = {name for name, permission in guarded() if permission.endswith(":read") and not name.startswith("GET")}
    assert changing == {"POST /api/v1/suppliers/<supplier_id>/numbering/verify"}


def test_every_permission_opens_something() -> None:
    kinds = {kind.permission for kind in submittable()}
    assert roles.PERMISSIONS.keys() == {permission for _, permission in guarded()} | kinds | {
        "jobs:cancel",  # of jobs that others asked for
        "users:read", "users:manage",
    }  # fmt: skip


def test_each_operation_is_opened_by_its_permission_alone(organization: Tenant) -> None:
    operator = frozenset(roles.PERMISSIONS)
    for name, permission in guarded():
        refused = send(caller(organization, *operator - {permission} - _implying(permission)), name)
        assert (refused.status_code, refused.json.get("permission")) == (403, permission), name
        assert permission in refused.json["detail"], name
        let_in = send(caller(organization, permission), name)
        assert let_in.status_code != 401, name
        assert let_in.status_code != 403 or let_in.json["permission"] != permission, (name, let_in.json)


def _implying(permission: str) -> set[str]:
    return {name for name, implied in roles.IMPLIED.items() if implied == permission}


def test_what_is_refused_changes_nothing(organization: Tenant) -> None:
    viewer = caller(organization, role="viewer")
    assert viewer.get("/api/v1/me").status_code == 200  # that it was used just now is written down already
    before = owned(organization)
    for name, permission in guarded():
        if permission not in roles.ROLES["viewer"]:
            assert send(viewer, name).status_code == 403, name
    assert owned(organization) == before


def test_the_spec_names_the_permission_of_each_operation() -> None:
    spec = application().test_client().get("/openapi.json").json
    for name, permission in guarded():
        method, path = name.split()
        told = spec["paths"][_spelled(path)][method.lower()]
        assert f"`{permission}`" in told["description"], name
        assert "403" in told["responses"], name


def test_a_job_takes_the_permission_of_its_kind_as_well(organization: Tenant) -> None:
    """Or `jobs:create` would let a clerk do what only an accountant may, by another way in."""
    clerk = caller(organization, role="clerk")
    body = {"type": "accounting.recreate", "payload": {"documents": [{"type": "invoice", "id": 1}]}}
    assert clerk.post("/api/v1/jobs", body).json["permission"] == "accounting:recreate"
    scheduler = caller(organization, "jobs:manage")
    schedule = {**body, "name": "Nightly", "cron": "0 3 * * *"}
    assert scheduler.post("/api/v1/schedules", schedule).json["permission"] == "accounting:recreate"
    assert {kind.name for kind in submittable() if kind.permission == "jobs:create"} == set()


def test_what_may_not_be_submitted_is_not_tried_again_or_run_by_a_schedule_either(
    organization: Tenant, client: Caller
) -> None:
    client.post("/invoices/generate", bodies.invoice(organization.supplier_id))
    body = {"type": "accounting.recreate", "payload": {"documents": [{"type": "invoice", "id": 1}]}}
    job = client.post("/api/v1/jobs", body).json["jobId"]
    client.post(f"/api/v1/jobs/{job}/cancel")
    weak = caller(organization, "jobs:retry", "jobs:manage")
    assert weak.post(f"/api/v1/jobs/{job}/retry").json["permission"] == "accounting:recreate"
    assert weak.post("/api/v1/jobs/retry", {"all": True, "status": "cancelled"}).json["matched"] == 0
    assert client.post("/api/v1/jobs/retry", {"all": True, "status": "cancelled", "dryRun": True}).json["jobIds"] == [
        job
    ]
    schedule = client.post("/api/v1/schedules", {**body, "name": "Nightly", "cron": "0 3 * * *"}).headers["Location"]
    assert weak.post(f"{schedule}/run").json["permission"] == "accounting:recreate"
    assert weak.post(f"{schedule}/pause").status_code == 200
    assert weak.post(f"{schedule}/resume").json["permission"] == "accounting:recreate"


def test_whoever_may_cancel_own_jobs_cancels_no_others(organization: Tenant, client: Caller) -> None:
    clerk, another = caller(organization, role="clerk"), caller(organization, role="clerk")
    body = bodies.invoice(organization.supplier_id)
    own, others = (key.post("/api/v1/invoice-requests", body).json["requestId"] for key in (clerk, another))
    assert clerk.post(f"/api/v1/jobs/{others}/cancel").json["permission"] == "jobs:cancel"
    assert clerk.post(f"/api/v1/jobs/{own}/cancel").json["status"] == "cancelled"
    assert client.post(f"/api/v1/jobs/{others}/cancel").json["status"] == "cancelled"


def test_a_job_tells_who_asked_for_it_whichever_way_it_came(organization: Tenant, client: Caller) -> None:
    clerk = caller(organization, role="clerk")
    name = clerk.get("/api/v1/me").json["actor"]
    body = bodies.invoice(organization.supplier_id)
    ids = {
        clerk.post("/api/v1/invoice-requests", body).json["requestId"],
        clerk.post("/api/v1/invoice-requests", body, headers={"Idempotency-Key": "a"}).json["requestId"],
        clerk.post("/api/v1/invoice-requests/bulk", {"requests": [body]}).json[0]["requestId"],
    }
    client.post("/api/v1/invoice-requests", body)
    mine = clerk.get("/api/v1/jobs?mine=true").json
    assert {job["id"] for job in mine} == ids
    assert {job["createdBy"] for job in mine} == {name}
    assert len(clerk.get("/api/v1/jobs").json) == 4


def test_requests_that_share_a_commit_keep_their_callers_apart(organization: Tenant) -> None:
    """The thread that commits for the others does not sign for them."""
    clerks = [caller(organization, role="clerk") for _ in range(8)]
    body = bodies.invoice(organization.supplier_id)
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda clerk: clerk.post("/api/v1/invoice-requests", body), clerks * 4))
    by = dict(chain.rows("SELECT id, created_by FROM jobs"))
    names = [clerk.get("/api/v1/me").json["actor"] for clerk in clerks] * 4
    assert [answer.status_code for answer in answers] == [201] * 32, answers[-1].json
    assert [by[answer.json["requestId"]] for answer in answers] == names


def _spelled(path: str) -> str:
    return path.replace("<", "{").replace(">", "}")
