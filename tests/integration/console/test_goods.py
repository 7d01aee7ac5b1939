"""Transfers, sales, purchases and the stock in pages: as the operations do it, each refusal with its line."""

import re
from decimal import Decimal

import pytest

from console.app import PATH
from tests import chain
from tests.browser import Browser, logged_in, text
from tests.tenant import Tenant
from tests.warehouse import RESERVED, Warehouse, moved, stocked


def form(warehouse: Warehouse, *rows: tuple[str, ...], **more: object) -> dict[str, object]:
    """Return the form of a transfer with rows of SKU and quantity."""
    cells = {"sku": [row[0] for row in rows], "quantity": [row[1] for row in rows]}
    return {"fromLocationId": warehouse.here, "toLocationId": warehouse.there, **cells, **more}


def sale(warehouse: Warehouse, *rows: tuple[str, ...]) -> dict[str, object]:
    names = ("sku", "quantity", "unitPrice", "taxRate")
    return {"locationId": warehouse.here} | {name: [row[n] for row in rows] for n, name in enumerate(names)}


def work(kind: str) -> None:
    chain.run_waiting(kind)


def test_a_transfer_is_drafted_sent_and_completed(organization: Tenant) -> None:
    warehouse, browser = stocked(organization, 10, 20), logged_in(organization.id, "clerk")
    drafted = browser.act(
        "/transfers/new", "/transfers/new", **form(warehouse, ("SKU-1", "4"), ("", ""), ("SKU-2", "2.5"))
    )
    assert drafted.headers["Location"] == f"{PATH}/transfers/1?told=drafted"
    page = browser.get("/transfers/1").text
    assert "Cog 2" in page
    assert "data-live" not in page
    sent = browser.act("/transfers/1", "/transfers/1/send")
    assert (sent.status_code, sent.headers["Location"]) == (303, f"{PATH}/transfers/1")
    job = chain.value("SELECT job_id FROM transfers")
    assert f'data-live="{PATH}/live/jobs/{job}"' in browser.get("/transfers/1").text
    work("transfer.send")
    assert "Done: 2 lines" in text(browser.get("/transfers/1"))
    assert b"event: changed" in browser.get(f"/live/jobs/{job}").data, "it ended before the page could listen"
    browser.act("/transfers/1", "/transfers/1/complete")
    work("transfer.complete")
    assert "completed" in text(browser.get("/transfers"))
    assert warehouse.stock(warehouse.there) == [4, Decimal("2.5")]


def test_a_form_that_is_sent_twice_sells_once(organization: Tenant) -> None:
    warehouse, browser = stocked(organization, 10), logged_in(organization.id)
    [key] = re.findall('name="key" value="([^"]+)"', browser.get("/sales/new").text)
    filled = sale(warehouse, ("SKU-1", "3", "5.90", "20")) | {"key": key}
    first, again = (browser.act("/sales/new", "/sales/new", **filled) for _ in range(2))
    assert first.headers["Location"] == again.headers["Location"] == f"{PATH}/sales/1"
    assert chain.value(RESERVED) == 3
    acts = "SELECT target FROM audit_log WHERE action = 'createSale'"
    assert chain.rows(acts) == [("/sales/1",)]


def test_many_lines_are_pasted(organization: Tenant) -> None:
    warehouse, browser = stocked(organization, 10, 20), logged_in(organization.id)
    table = "SKU-1\t3\r\nSKU-2;4\r\n\r\n  \r\nSKU-1 ; 1"
    browser.act("/transfers/new", "/transfers/new", **form(warehouse, ("SKU-2", "2"), pasted=table))
    lines = chain.rows("SELECT product_id, quantity FROM transfer_lines ORDER BY line_number")
    first, second = warehouse.products
    assert lines == [(second, 2), (first, 3), (second, 4), (first, 1)]


def test_more_lines_are_asked_for_without_a_script_and_nothing_is_typed_twice(organization: Tenant) -> None:
    warehouse, browser = stocked(organization, 10), logged_in(organization.id)
    filled = form(warehouse, ("SKU-1", "4"), ("SKU-1", "5"), ("SKU-1", "6"), more="1")
    page = browser.act("/transfers/new", "/transfers/new", **filled)
    assert page.status_code == 200
    assert page.text.count('name="sku"') == 6
    assert page.text.count('value="SKU-1"') == 4, "three rows, and what the field offers"
    assert chain.value("SELECT count(*) FROM transfers") == 0


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([("SKU-1", "4"), ("SKU-9", "1")], "Line 2 (SKU-9): Product (SKU) is not known"),
        ([("SKU-1", "four")], "Line 1 (SKU-1): Quantity must be a number such as 12.50"),
        ([("SKU-1", "")], "Line 1 (SKU-1): Quantity is required"),
        ([("a" + "\u0301" * 40, "1")], "is not known"),
        ([("", "")], "Lines must hold 1 to 1000 elements"),
    ],
)
def test_a_wrong_line_is_named_by_its_number_and_sku(rows: list, says: str, organization: Tenant) -> None:
    warehouse, browser = stocked(organization, 10), logged_in(organization.id)
    refused = browser.act("/transfers/new", "/transfers/new", **form(warehouse, *rows))
    assert (refused.status_code, says in text(refused)) == (400, True), text(refused)
    assert not rows[0][0] or f'value="{rows[0][0]}"' in refused.text
    assert chain.value("SELECT count(*) FROM transfers") == 0


def test_what_is_not_there_in_such_number_is_refused_with_the_product(organization: Tenant) -> None:
    warehouse, browser = stocked(organization, 10, 2), logged_in(organization.id)
    browser.act("/transfers/new", "/transfers/new", **form(warehouse, ("SKU-1", "1"), ("SKU-2", "3")))
    refused = browser.act("/transfers/1", "/transfers/1/send")
    assert refused.status_code == 409
    assert "line 2: product SKU-2: 3 asked for, 2 available" in text(refused)
    assert refused.text.count('class="short"') == 1
    sold = browser.act("/sales/new", "/sales/new", **sale(warehouse, ("SKU-2", "3", "5", "20")))
    assert (sold.status_code, "product SKU-2: 3 asked for" in text(sold)) == (409, True)
    assert chain.value("SELECT count(*) FROM sales") == 0
    assert chain.value(RESERVED) == 0


def test_a_sale_is_priced_reserved_and_done(organization: Tenant) -> None:
    warehouse, browser = stocked(organization, 10), logged_in(organization.id)
    sold = browser.act("/sales/new", "/sales/new", **sale(warehouse, ("SKU-1", "3", "5.90", "20 %")))
    assert sold.headers["Location"] == f"{PATH}/sales/1"
    assert chain.value(RESERVED) == 3
    work("sale.post")
    page = text(browser.get("/sales/1"))
    assert "Total €21.24" in page
    assert "Done: one line" in page
    assert "€21.24" in text(browser.get("/sales"))
    assert f"{PATH}/journal?type=sale&amp;id=1" in browser.get("/sales/1").text
    assert warehouse.stock(warehouse.here) == [7]


def test_a_purchase_is_approved_by_those_who_may(organization: Tenant) -> None:
    warehouse = stocked(organization, 10)
    clerk, accountant = logged_in(organization.id, "clerk"), logged_in(organization.id, "accountant")
    bought = {"locationId": warehouse.there, "sku": "SKU-1", "quantity": "7", "unitCost": "3.10"}
    clerk.act("/purchases/new", "/purchases/new", **bought)
    assert "/approve" not in clerk.get("/purchases/2").text
    assert clerk.act("/account", "/purchases/2/approve").status_code == 403
    assert accountant.act("/purchases/2", "/purchases/2/approve").status_code == 303
    work("purchase.approve")
    assert warehouse.stock(warehouse.there) == [7]
    assert "€21.70" in text(accountant.get("/purchases/2"))


def test_what_is_half_done_is_put_back(organization: Tenant) -> None:
    warehouse, browser = stocked(organization, *[10] * 12), logged_in(organization.id)
    transfer = warehouse.transfer(*[1] * 12)
    browser.act("/transfers/1", "/transfers/1/send")
    chain.ask("CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'full'; END $$")
    after_ten = "BEFORE INSERT ON movements FOR EACH ROW WHEN (NEW.line_number > 10 AND NEW.step = 'send')"
    chain.ask(f"CREATE TRIGGER stop {after_ten} EXECUTE FUNCTION stop()")
    for _ in range(5):
        chain.time_passes()
        work("transfer.send")
    page = browser.get("/transfers/1")
    assert "10 lines have moved, the others have not" in text(page)
    assert "Try again" in page.text
    assert moved("transfer", transfer, "send") == [*range(1, 11)]
    assert browser.act("/transfers/1", "/transfers/1/undo").status_code == 303
    work("transfer.undo")
    assert moved("transfer", transfer, "send") == []
    assert "Put back" not in browser.get("/transfers/1").text


def test_numbers_are_taken_as_the_language_writes_them(organization: Tenant) -> None:
    warehouse, browser = stocked(organization, 5000), logged_in(organization.id)
    german = {"headers": {"Accept-Language": "de"}}
    browser.post(
        "/transfers/new", {"csrf": browser.csrf("/account"), **form(warehouse, ("SKU-1", "1.234,5"))}, **german
    )
    browser.act("/transfers/new", "/transfers/new", **form(warehouse, ("SKU-1", "1,234.5")))
    assert chain.rows("SELECT quantity FROM transfer_lines") == [(Decimal("1234.5"),)] * 2
    assert "1.234,5" in text(browser.get("/transfers/1", **german))


def test_the_stock_is_shown_by_location_and_product(organization: Tenant) -> None:
    warehouse, browser = stocked(organization, 10), logged_in(organization.id, "viewer")
    warehouse.submit("transfer.send", transferId=warehouse.transfer(4))
    assert "SKU-1 Cog 1 10 4 6 €33.33" in text(browser.get("/stock"))
    assert "Nothing is here" in text(browser.get(f"/stock?location={warehouse.there}"))
    assert "purchase 1" in text(browser.get(f"/stock/{warehouse.here}/{warehouse.products[0]}"))
    assert browser.get("/stock?location=99").status_code == 404


def test_products_and_locations_are_made(organization: Tenant) -> None:
    browser = logged_in(organization.id)
    assert "It takes a location and a product first" in text(browser.get("/transfers/new"))
    browser.act("/products", "/products", sku="TEA", name="Tea <b>")
    refused = browser.act("/products", "/products", sku="TEA", name="Other")
    assert (refused.status_code, 'value="Other"' in refused.text) == (409, True)
    assert "another product has this sku" in text(refused)
    assert "Tea &lt;b&gt;" in browser.get("/products").text
    browser.act("/locations", "/locations", name="Main")
    assert "Main" in browser.get("/locations").text


def test_documents_of_another_organization_are_not_there(organization: Tenant, other_organization: Tenant) -> None:
    warehouse = stocked(organization, 10)
    transfer = warehouse.transfer(1)
    stranger: Browser = logged_in(other_organization.id)
    for path in (f"/transfers/{transfer}", "/purchases/1", f"/stock?location={warehouse.here}"):
        assert stranger.get(path).status_code == 404, path
    for path in (f"/transfers/{transfer}/send", "/purchases/1/approve", f"/transfers/{transfer}/undo"):
        assert stranger.act("/account", path).status_code == 404, path
    other = stocked(other_organization, 10)
    taken = form(other, ("SKU-1", "1"), fromLocationId=warehouse.here)
    refused = stranger.act("/transfers/new", "/transfers/new", **taken)
    assert (refused.status_code, "From is not a known location" in text(refused)) == (400, True), text(refused)
