"""The sample company: who it is, whom it sells to, what it sells."""

from typing import Any, NamedTuple

ORGANIZATION = "Sample company"
DOMAIN = "sample.localhost"
SERIES = [
    {"code": "invoice", "pattern": "HH-{YYYY}-", "digits": 5, "restart": "yearly"},
    {"code": "credit", "pattern": "HC-{YYYY}-", "digits": 5, "restart": "yearly"},
    {"code": "export", "pattern": "HX-{YYYY}-", "digits": 4, "restart": "yearly"},
]
SUPPLIERS: list[dict[str, Any]] = [
    {
        "name": "Harbour & Hill Trading Ltd", "addressLine1": "14 Sir John Rogerson's Quay", "city": "Dublin",
        "postalCode": "D02 X576", "country": "IE", "vatId": "IE3667127W", "email": f"accounts@{DOMAIN}",
        "phone": "+353 1 555 0140", "localeCode": "en_IE", "currencyCode": "EUR", "defaultTaxRate": "0.23",
        "timeZone": "Europe/Dublin", "iban": "IE22AIBK52601815908301", "bic": "AIBKIE2D",
        "paymentTerms": "Payable without deduction by the due date.", "series": SERIES,
    },
    {
        "name": "Harbour & Hill Handels GmbH", "addressLine1": "Am Sandtorkai 48", "city": "Hamburg",
        "postalCode": "20457", "country": "DE", "vatId": "DE743957551", "email": f"buchhaltung@{DOMAIN}",
        "phone": "+49 40 5550 140", "localeCode": "de_DE", "currencyCode": "EUR", "defaultTaxRate": "0.19",
        "timeZone": "Europe/Berlin", "iban": "DE91760189555979711471", "bic": "COBADEFFXXX",
        "paymentTerms": "Zahlbar ohne Abzug bis zum Fälligkeitsdatum.", "invoicePrefix": "RE-",
    },
]  # fmt: skip


class Buyer(NamedTuple):
    """A client, and how it is sold to: by which of SUPPLIERS, in what language and money, payable in so many days."""

    party: dict[str, Any]
    supplier: int = 0
    locale: str = "en_IE"
    term: int = 14
    category: str = "S"
    currency: str = "EUR"


def _party(name: str, street: str, city: str, country: str, tax_id: str, mailbox: str) -> dict[str, Any]:
    number = "taxId" if country == "US" else "vatId"
    return {
        "name": name, "addressLine1": street, "city": city, "country": country, number: tax_id,
        "email": f"{mailbox}.{country.lower()}@{DOMAIN}",
    }  # fmt: skip


BUYERS = [
    Buyer(_party("Liffey Grocers Ltd", "27 Capel Street", "Dublin", "IE", "IE6842684J", "liffey")),
    Buyer(_party("Corrib Coffee House Ltd", "3 Quay Street", "Galway", "IE", "IE6563212K", "corrib"), term=7),
    Buyer(_party("Blackwater Hotels Ltd", "88 South Mall", "Cork", "IE", "IE2330792V", "blackwater"), term=30),
    Buyer(_party("Teekontor Altona GmbH", "Große Bergstraße 160", "Hamburg", "DE", "DE313735379", "tee"), 1, "de_DE"),
    Buyer(_party("Café Lindenhof KG", "Lindenallee 12", "Leipzig", "DE", "DE220297299", "cafe"), 1, "de_DE", 7),
    Buyer(_party("Épicerie du Marais SARL", "9 rue des Rosiers", "Paris", "FR", "FR32751882041", "marais"),
          0, "fr_FR", 30, "K"),
    Buyer(_party("Grachtenthee B.V.", "Prinsengracht 301", "Amsterdam", "NL", "NL861204377B01", "gracht"),
          0, "nl_NL", 14, "K"),
    Buyer(_party("Софийски чай ООД", "бул. Витоша 44", "София", "BG", "BG204871193", "sofia"), 0, "bg_BG", 14, "K"),
    Buyer(_party("Καφεκοπτείο Πλάκας ΑΕ", "Αδριανού 71", "Αθήνα", "GR", "EL094472981", "plaka"), 0, "el_GR", 30, "K"),
    Buyer(_party("Tearoom Zürich AG", "Limmatquai 92", "Zürich", "CH", "CHE-114.205.883", "zuerich"),
          1, "de_CH", 30, "G"),
    Buyer(_party("Ada Analytics Ltd", "12 Engine Row", "London", "GB", "GB337120948", "ada"), 0, "en_GB", 14, "G"),
    Buyer(_party("Grace Instruments Inc", "1 Navy Yard", "Arlington", "US", "98-7654321", "grace"),
          0, "en_US", 30, "G", "USD"),
]  # fmt: skip
# SKU, name, what it costs and what it is sold for.
PRODUCTS = [
    ("TEA-ASM-250", "Assam tea, 250 g", "3.10", "6.40"),
    ("TEA-DAR-100", "Darjeeling first flush, 100 g", "5.80", "11.90"),
    ("TEA-EGR-250", "Earl Grey, 250 g", "3.40", "6.90"),
    ("TEA-SEN-100", "Sencha, 100 g", "4.20", "8.70"),
    ("COF-ETH-1K", "Coffee, Ethiopia, 1 kg", "11.60", "21.50"),
    ("COF-COL-1K", "Coffee, Colombia, 1 kg", "10.20", "18.90"),
    ("COF-DEC-500", "Coffee, decaffeinated, 500 g", "7.30", "13.40"),
    ("CHO-70-100", "Chocolate, 70 %, 100 g", "1.45", "3.20"),
    ("HON-CLV-340", "Clover honey, 340 g", "3.90", "7.80"),
    ("POT-CER-12", "Teapot, ceramic, 1.2 l", "12.50", "27.00"),
    ("CUP-POR-02", "Cups, porcelain, pair", "6.70", "14.80"),
    ("FIL-PAP-100", "Paper filters, 100", "0.95", "2.40"),
]


class Vendor(NamedTuple):
    """A company whose bills come in; each of `lines` is what it bills, how many, and at what price."""

    name: str
    street: str
    vat_id: str
    iban: str
    account: str
    lines: list[tuple[str, int, str]]


VENDORS = [
    Vendor("Northern Lights Energy Ltd", "5 Grid Street, Dublin", "IE4402685M", "IE23AIBK66131860913909", "6300",
           [("Electricity, warehouse, kWh", 2140, "0.28"), ("Standing charge", 1, "41.50")]),
    Vendor("Papyrus Office Supplies Ltd", "61 Paper Lane, Dublin", "IE9952890D", "IE54BOFI96030824628194", "6400",
           [("Copy paper A4, box", 12, "24.90"), ("Parcel tape, roll", 36, "2.15")]),
    Vendor("Ringsend Haulage Ltd", "2 Pigeon House Road, Dublin", "IE7866661O", "IE95BOFI82199351819093", "6200",
           [("Pallets, Dublin to Hamburg", 6, "118.00"), ("Fuel surcharge", 6, "9.40")]),
    Vendor("Tidewater Software Ltd", "40 Barrow Street, Dublin", "IE7603137B", "IE74IPBS78657975432319", "6400",
           [("Point of sale, monthly", 2, "89.00"), ("Support, hours", 3, "95.00")]),
]  # fmt: skip
