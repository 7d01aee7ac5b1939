"""Goods on their way, in a browser: a transfer is drafted by hand, a bar is seen, the stock is looked at."""

from playwright.sync_api import expect

from tests import chain
from tests.pages.looks import check
from tests.warehouse import stocked


def test_goods_are_moved_sold_and_bought_by_hand(log_in, organization):
    stocked(organization, *[100] * 12)
    page = log_in("accountant")
    page.get_by_role("link", name="Transfers").click()
    check(page)
    page.get_by_role("link", name="New transfer").click()
    page.get_by_label("From").select_option("Here")
    page.get_by_label("To").select_option("There")
    for _ in range(2):
        page.get_by_role("button", name="More lines").click()
    skus = page.get_by_label("Product (SKU)")
    expect(skus).to_have_count(5)
    for n in range(4):
        skus.nth(n).fill(f"SKU-{n + 1}")
        page.get_by_label("Quantity").nth(n).fill("150" if n == 2 else "5")
    check(page)
    page.get_by_role("button", name="Make the draft").click()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_contain_text("product SKU-3: 150 asked for, 100 available")
    check(page, "transfer-short")
    page.goto("sales/new")
    page.get_by_label("Location").select_option("Here")
    page.get_by_label("Or paste many lines").fill("SKU-1\t2\t5.90\t20\nSKU-2\t1\t1200\t20")
    check(page)
    page.get_by_role("button", name="Sell").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    check(page, "sale-on-its-way")
    chain.run_waiting("sale.post")
    expect(page.get_by_text("Done: 2 lines")).to_be_visible()
    check(page, "sale-done")
    page.get_by_role("link", name="Stock").click()
    check(page)
    page.get_by_role("link", name="Cog 1", exact=True).click()
    check(page)
    page.goto("products")
    check(page)
    page.goto("locations")
    check(page)
    page.goto("purchases/1")
    check(page)
