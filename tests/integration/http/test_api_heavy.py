"""Heavy requests are few at a time, and an organization that has its share of them is told so at once."""

import pytest

from api.http.shares import EXTENSION
from tests import bodies
from tests.caller import application

HEAVY = {
    "audit": ("GET", "/api/v1/suppliers/{supplier}/numbering/audit"),
    "export": ("GET", "/api/v1/invoices/export/zip?supplierId={supplier}"),
    "invoices": ("GET", "/api/v1/invoices"),
    "new template": ("POST", "/api/v1/templates"),
    "changed template": ("PUT", "/api/v1/templates/1"),
}


@pytest.mark.parametrize("name", HEAVY)
def test_an_organization_that_holds_its_share_is_told_at_once(client, stranger, organization, name):
    method, path = HEAVY[name]
    path = path.format(supplier=organization.supplier_id)
    body = {"name": "Mine", "html": bodies.TEMPLATE} if "template" in name else None
    heavy = application().extensions[EXTENSION].heavy
    held = [heavy.take(organization.id) for _ in range(heavy.slots // 2)]
    other = heavy.take(organization.id + 1)
    try:
        answer = client.send(method, path, body)
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
        assert answer.json["violated-policies"] == ["heavy-requests"]
        assert stranger.get("/api/v1/products").status_code == 200
    finally:
        for give_back in (*held, other):
            give_back()
    assert client.send(method, path, body).status_code != 429
