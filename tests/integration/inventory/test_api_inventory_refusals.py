"""What the inventory refuses, before anything is written or on the way."""

from tests import chain

JOBS = "SELECT id, status FROM jobs WHERE kind <> 'purchase.approve' ORDER BY id"
ROWS = "SELECT (SELECT count(*) FROM {}), (SELECT count(*) FROM jobs), (SELECT sum(last_number) FROM document_numbers)"
LINE = {"productId": 1, "quantity": 1}
SALE_LINE = {**LINE, "unitPrice": 1}


BAD = (
    ("transfers", {"toLocationId": 1}, {"toLocationId"}),
    ("transfers", {"fromLocationId": 99, "toLocationId": 98}, {"fromLocationId", "toLocationId"}),
    ("transfers", {"lines": []}, {"lines"}),
    ("transfers", {"lines": [LINE] * 1001}, {"lines"}),
    ("transfers", {"lines": [LINE, LINE, {**LINE, "productId": 99}]}, {"lines[2].productId"}),
    ("transfers", {"lines": [LINE, {"productId": 1, "quantity": 0}]}, {"lines[1].quantity"}),
    ("transfers", {"lines": [{"quantity": "x", "hue": 1}]}, {
        "lines[0].productId", "lines[0].quantity", "lines[0].hue"}),
    ("sales", {"locationId": 99, "lines": [SALE_LINE]}, {"locationId"}),
    ("sales", {"locationId": 1, "lines": [LINE]}, {"lines[0].unitPrice"}),
    ("sales", {"locationId": 1, "lines": [{**SALE_LINE, "taxRate": 20}]}, {"lines[0].taxRate"}),
    ("sales", {"locationId": 1, "lines": [{**SALE_LINE, "quantity": 10**8, "unitPrice": 10**8}]}, {"lines"}),
    ("purchases", {"locationId": 1, "lines": [LINE]}, {"lines[0].unitCost"}),
    ("purchases", {"locationId": 9, "lines": [{"productId": 9, "quantity": 1, "unitCost": 1}]}, {
        "locationId", "lines[0].productId"}),
)  # fmt: skip


def test_bad_input_is_refused_with_every_wrong_field_and_writes_nothing(warehouse, client):
    ends = {"fromLocationId": warehouse.here, "toLocationId": warehouse.there, "lines": [LINE]}
    for path, body, fields in BAD:
        before = chain.rows(ROWS.format(path))
        answer = client.post(f"/api/v1/{path}", (ends if path == "transfers" else {}) | body)
        assert (answer.status_code, answer.mimetype) == (400, "application/problem+json"), body
        assert answer.json["errors"].keys() == fields
        assert chain.rows(ROWS.format(path)) == before


def test_more_than_there_is_is_refused_with_every_short_line_and_writes_nothing(warehouse, client):
    before, known = chain.rows(ROWS.format("sales")), chain.value("SELECT max(id) FROM jobs")
    answer = client.post("/api/v1/sales", warehouse.sale_body(4, "5.5", 5, 2))
    assert answer.status_code == 409
    assert answer.json["errors"] == {
        "lines[1].quantity": ["line 2: product SKU-2: 5.5 asked for, 5 available"],
        "lines[3].quantity": ["line 4: product SKU-1: 2 asked for, 1 available"],
    }
    assert answer.json["error"] == "; ".join(texts[0] for texts in answer.json["errors"].values())
    assert chain.rows(ROWS.format("sales")) == before
    transfer_id = warehouse.transfer(6)
    for verb in ("send", "send-async"):
        refused = client.post(f"/api/v1/transfers/{transfer_id}/{verb}")
        assert (refused.status_code, refused.json["error"]) == (409, "line 1: product SKU-1: 6 asked for, 5 available")
    assert [row for row in chain.rows(JOBS) if row[0] > known] == []


def test_a_step_out_of_its_turn_is_refused_with_the_status(warehouse, client):
    transfer_id = warehouse.transfer(1)
    path = f"/api/v1/transfers/{transfer_id}"
    early = client.post(f"{path}/complete")
    assert (early.status_code, early.json["documentStatus"]) == (409, "draft")
    assert early.json["error"].endswith(" is draft, not sent")
    client.post(f"{path}/send")
    assert client.post(f"{path}/send-async").json["documentStatus"] == "sent"
    purchase_id = client.post("/api/v1/purchases", warehouse.purchase_body(1)).json["id"]
    client.post(f"/api/v1/purchases/{purchase_id}/approve")
    again = client.post(f"/api/v1/purchases/{purchase_id}/approve")
    assert (again.status_code, again.json["documentStatus"]) == (409, "approved")


def test_a_document_that_a_job_is_at_is_refused_with_the_jobs_id(warehouse, client):
    transfer_id = warehouse.transfer(1)
    job_id = client.post(f"/api/v1/transfers/{transfer_id}/send-async").json["jobId"]
    again = client.post(f"/api/v1/transfers/{transfer_id}/send")
    assert (again.status_code, again.json["jobId"]) == (409, job_id)
    assert f"job {job_id} is at work" in again.json["error"]
