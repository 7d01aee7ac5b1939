"""The invoices that every template has to be able to print before it is saved: all fields, one page to hundreds."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from domain.templates.view import InvoiceView, Line, Party, Terms

SUPPLIER = Party(
    name="Northwind Paper & Print Ltd",
    address_line1="14 Harbour Street",
    address_line2="Unit 3",
    city="Portsmouth",
    region="Hampshire",
    postal_code="PO1 2AB",
    country="United Kingdom",
    tax_id="1234567890",
    vat_id="GB123456789",
    email="accounts@northwind.example",
    phone="+44 23 9200 0000",
)
CLIENT = Party(
    name="Книжарница Светлина / Βιβλιοπωλείο Φως",
    address_line1="ул. Шипка 6",
    address_line2="вх. Б",
    city="София",
    region="Столична",
    postal_code="1504",
    country="България",
    tax_id="987654321",
    vat_id="BG987654321",
    email="office@svetlina.example",
    phone="+359 2 000 0000",
)


def sample_line(number: int) -> Line:
    price, tax = Decimal("12.50") * number, Decimal("2.50") * number
    return Line(
        line_number=number,
        description=f"Sample item {number}, long enough to run over more than one line of a narrow column",
        quantity=Decimal(number),
        unit_price=Decimal("12.50"),
        discount=Decimal(0),
        tax_rate=Decimal("0.2000"),
        line_subtotal=price,
        line_tax=tax,
        line_total=price + tax,
    )


# Not on the first lines, which the short invoices are made of.
EXEMPT = replace(
    sample_line(60),
    tax_rate=Decimal(0),
    line_tax=Decimal(0),
    line_total=Decimal("750.00"),
    tax_category="AE",
    exemption_reason="Reverse charge",
    unit_code="HUR",
    item_id="4711-B",
)
TERMS = Terms(
    delivery_period=(date(2026, 1, 1), date(2026, 1, 15)),
    purchase_order_number="PO-2026-0117",
    buyer_reference="04011000-12345-03",
    contract_number="C-2025-88",
    payment_terms="Within 30 days, 2 % discount within 10 days.",
    payment_reference="RF18539007547034",
    payment_link="https://pay.northwind.example/INV-000001",
    iban="GB82WEST12345698765432",
    bic="MIDLGB22",
)
ITEMS = (*(sample_line(number) for number in range(1, 60)), EXEMPT)
SUBTOTAL = sum((line.line_subtotal for line in ITEMS), Decimal(0))
TAX_TOTAL = sum((line.line_tax for line in ITEMS), Decimal(0))

SAMPLE = InvoiceView(
    invoice_number="INV-000001",
    issue_date=date(2026, 1, 16),
    due_date=date(2026, 2, 15),
    locale_code="en_GB",
    currency_code="EUR",
    supplier=SUPPLIER,
    client=CLIENT,
    items=ITEMS,
    subtotal=SUBTOTAL,
    tax_total=TAX_TOTAL,
    total=SUBTOTAL + TAX_TOTAL,
    notes="Thank you for your order.\nPlease quote the invoice number with your payment.",
    terms=TERMS,
)

# As many lines and letters as an invoice may have, of the widest letter, beside the longest amounts.
LARGE_LINE = Line(
    line_number=1,
    description="\u102a" * 200,
    quantity=Decimal("999999999.9999"),
    unit_price=Decimal("999999999999.999999"),
    discount=Decimal("999999999999.9999"),
    tax_rate=Decimal("0.9999"),
    line_subtotal=Decimal("999999999999.99"),
    line_tax=Decimal("999999999999.99"),
    line_total=Decimal("999999999999.99"),
)
LARGEST = replace(SAMPLE, items=(LARGE_LINE,) * 1000)
# By placeholder: the short invoice with another value for it, so that its print must differ.
SHORT = replace(SAMPLE, items=ITEMS[:1], terms=Terms())
REQUIRED = {
    "invoiceNumber": replace(SHORT, invoice_number="INV-999999"),
    "issueDate": replace(SHORT, issue_date=date(2025, 12, 31)),
    "supplierName": replace(SHORT, supplier=replace(SUPPLIER, name="Another Supplier")),
    "clientName": replace(SHORT, client=replace(CLIENT, name="Another Client")),
    "itemsRows": replace(SHORT, items=ITEMS[1:2]),
    "total": replace(SHORT, total=SHORT.total + 1),
}
