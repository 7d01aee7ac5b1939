"""The goods of the sample company: bought, moved between its two locations, sold."""

from decimal import Decimal
from typing import Any

from local.sample.asking import Asking
from local.sample.company import PRODUCTS

SALES = 18
RATE = "0.23"


def trade(asking: Asking) -> None:
    """Stock comes in, some of it goes to the shop, and the shop sells some; a draft of each kind is left."""
    warehouse, shop = (
        asking.make(f"location {index}", "locations", {"name": name})["id"]
        for index, name in enumerate(("Warehouse, Dublin Port", "Shop, Drury Street"))
    )
    products = [
        asking.make(f"product {sku}", "products", {"sku": sku, "name": name})["id"] for sku, name, _, _ in PRODUCTS
    ]
    _buy(asking, warehouse, products)
    _move(asking, warehouse, shop, products)
    _sell(asking, shop, products)


def _buy(asking: Asking, warehouse: int, products: list[int]) -> None:
    notes = ["Opening stock", "Autumn order", "Christmas order", "Wanted for January, prices not agreed yet"]
    for index, note in enumerate(notes):
        chosen = range(len(products)) if index == 0 else sorted(asking.random.sample(range(len(products)), 4))
        lines = [
            {"productId": products[one], "quantity": str(asking.random.randrange(8, 20) * 10),
             "unitCost": PRODUCTS[one][2]} for one in chosen
        ]  # fmt: skip
        body = {"locationId": warehouse, "lines": lines, "notes": note}
        purchase = asking.make(f"purchase {index}", "purchases", body)
        if note != notes[-1]:
            asking.make(f"approval {index}", f"purchases/{purchase['id']}/approve")
            asking.await_status("purchases", [purchase["id"]], "approved")


def _move(asking: Asking, warehouse: int, shop: int, products: list[int]) -> None:
    """The first transfer brings the shop some of everything and has arrived, the second is on its way."""
    steps = (("send", ("sent", "completed")), ("complete", ("completed",)))
    for index, (count, notes) in enumerate([(12, "First shelves"), (5, "On the van"), (3, "For the weekend")]):
        lines = [{"productId": one, "quantity": "40" if index == 0 else "6"} for one in products[:count]]
        body = {"fromLocationId": warehouse, "toLocationId": shop, "lines": lines, "notes": notes}
        transfer = asking.make(f"transfer {index}", "transfers", body)["id"]
        for verb, statuses in steps[: 2 - index]:
            asking.make(f"{verb} {index}", f"transfers/{transfer}/{verb}")
            asking.await_status("transfers", [transfer], *statuses)


def _sell(asking: Asking, shop: int, products: list[int]) -> None:
    sales = [asking.make(f"sale {index}", "sales", _sale(asking, shop, products)) for index in range(SALES)]
    asking.await_status("sales", [sale["id"] for sale in sales], "completed")


def _sale(asking: Asking, shop: int, products: list[int]) -> dict[str, Any]:
    chosen = asking.random.sample(range(len(products)), asking.random.randrange(1, 4))
    lines = [
        {"productId": products[one], "quantity": str(asking.random.randrange(1, 3)),
         "unitPrice": str(Decimal(PRODUCTS[one][3])), "taxRate": RATE} for one in chosen
    ]  # fmt: skip
    return {"locationId": shop, "lines": lines}
