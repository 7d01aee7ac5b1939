"""What could be taken for certain and is not: it is asked about, never guessed."""

from decimal import Decimal

import pytest

from domain.bills.content import OCR, TEXT, Found
from domain.bills.extraction import Hints, KnownSupplier, extract, is_certain
from tests.unit.bills.pages import reading

NOBODY = Hints()


def seen(text: str, hints: Hints = NOBODY, origin: str = TEXT) -> dict[str, Found]:
    return extract(reading(text, origin=origin), hints)


def certain(text: str, hints: Hints = NOBODY, origin: str = TEXT) -> set[str]:
    return {field for field, found in seen(text, hints, origin).items() if is_certain(found)}


def sums(text: str) -> list[Decimal]:
    found = seen(text)
    return [Decimal(found[field].value) for field in ("subtotal", "tax_total", "total")]


def test_a_statement_lists_numbers_of_several_bills() -> None:
    text = "Invoice no   Date         Amount\nBE-0417   01/01/2026   120.00\nBE-0418   01/02/2026   240.00"
    assert "invoice_number" not in certain(text)


def test_of_two_numbers_at_equal_labels_none_is_certain() -> None:
    assert "invoice_number" not in certain("Credit note number: CN-9\nInvoice number: HL-77")


def test_a_number_of_another_document_is_not_this_ones() -> None:
    found = seen("Stornorechnung Nr. ST-3301\nzur Rechnung Nr. RE-2890\nOriginal invoice no. A-1")
    assert found["invoice_number"].value == "ST-3301"


def test_a_total_that_is_followed_by_a_larger_one_is_doubted() -> None:
    text = "Subtotal   40.00\nTax 7%   2.80\nTotal   42.80\nTip   8.00\nGrand total   50.80"
    assert not certain(text) & {"subtotal", "tax_total", "total"}


def test_a_total_that_does_not_add_up_is_doubted() -> None:
    text = "Net amount   500.00\nVAT at 20%   100.00\nInvoice total   608.00"
    found = seen(text)
    assert (found["total"].value, is_certain(found["total"])) == ("608.00", False)
    assert "subtotal" not in found


def test_a_discount_between_net_and_total_is_worked_out_and_doubted() -> None:
    text = "Subtotal   100.00\nDiscount 10%   -10.00\nVAT 20%   18.00\nTotal   108.00"
    assert sums(text) == [90, 18, 108]
    assert "subtotal" not in certain(text)


def test_what_is_paid_or_left_to_pay_is_not_the_total() -> None:
    text = (
        "Net amount   500.00\nVAT at 20%   100.00\nInvoice total   600.00\nDeposit paid   -200.00\nTotal due   400.00"
    )
    assert sums(text) == [500, 100, 600]


def test_a_tax_in_the_price_is_taken_out_by_its_rate() -> None:
    assert sums("Lamp   120.00\nTotal   £120.00\nIncludes VAT at 20%   £20.00") == [100, 20, 120]


def test_in_words_that_nobody_knows_the_numbers_alone_tell_the_sums_and_are_doubted() -> None:
    text = "abcd   1 779,70 €\nefg 20 %   355,94 €\nhijk   2 135,64 €"
    assert sums(text) == [Decimal("1779.70"), Decimal("355.94"), Decimal("2135.64")]
    assert not certain(text) & {"subtotal", "tax_total", "total"}


def test_two_taxes_are_added() -> None:
    assert sums("Subtotal   $200.00\nState tax (6%)   $12.00\nCity tax (2%)   $4.00\nTotal   $216.00") == [200, 16, 216]


def test_day_and_month_that_may_be_swapped_are_doubted() -> None:
    assert "issue_date" not in certain("Invoice date: 03/04/2026\nTotal   $5.00")
    assert "issue_date" in certain("Invoice date: 03/04/2026\nDue date: 04/13/2026\nTotal   $5.00")


def test_a_due_date_before_the_date_of_issue_is_doubted() -> None:
    assert not certain("Invoice date: 13.04.2026\nDue date: 14.03.2026") & {"issue_date", "due_date"}


def test_the_terms_of_payment_prove_both_dates_even_on_a_picture() -> None:
    text = "Invoice date: 13.03.2026\nDue date: 12.04.2026\nTerms: net 30"
    assert certain(text, origin=OCR) >= {"issue_date", "due_date"}
    assert not certain(text.replace("net 30", "net 14"), origin=OCR) & {"issue_date", "due_date"}


def test_the_date_before_which_a_discount_is_given_is_not_the_due_date() -> None:
    text = "Rechnungsdatum 05.06.2026\nZahlbar mit 2 % Skonto bis 15.06.2026, netto bis 04.07.2026"
    assert seen(text)["due_date"].value == "2026-07-04"
    assert "due_date" not in seen("Rechnungsdatum 05.06.2026\nMit 2 % Skonto zahlbar bis 15.06.2026")


def test_a_number_of_a_picture_is_certain_only_if_it_looks_like_the_suppliers_numbers() -> None:
    text = "Kontor Nord GmbH\nUSt-IdNr. DE136695976\nRechnungsnummer: KN-2026-0044"
    assert "invoice_number" not in certain(text, origin=OCR)
    known = Hints(suppliers=[KnownSupplier("Kontor Nord GmbH", "DE136695976", last_numbers=["KN-2026-0012"])])
    assert "invoice_number" in certain(text, known, OCR)
    other = Hints(suppliers=[KnownSupplier("Kontor Nord GmbH", "DE136695976", last_numbers=["55-1"])])
    assert "invoice_number" not in certain(text, other, OCR)


def test_a_known_supplier_is_known_by_its_ids_and_its_name_is_that_of_before() -> None:
    known = Hints(suppliers=[KnownSupplier("Kontor Nord", "DE136695976", times_seen=12)])
    found = seen("Kontor Nord Beratung\nUSt-IdNr. DE136695976", known)["supplier_name"]
    assert (found.value, is_certain(found)) == ("Kontor Nord", True)
    assert "seen 12 times" in found.reason


def test_the_customers_name_is_not_the_suppliers_though_it_stands_first_and_twice() -> None:
    text = "Brook & Sons Ltd\n12 Mill Lane\n\nInvoice 4711\n\nDelivered to:   Brook & Sons Ltd"
    assert "supplier_name" not in certain(text)


def test_a_known_name_in_passing_does_not_make_the_bill_that_suppliers() -> None:
    known = Hints(suppliers=[KnownSupplier("Kontor Nord GmbH", "DE136695976")])
    text = "Harbour Lights Ltd\nInvoice 4711\nPaid to us by Kontor Nord GmbH on your behalf"
    assert seen(text, known)["supplier_name"].value == "Harbour Lights Ltd"
    assert "supplier_name" not in certain("Kontor Nord GmbH\nInvoice 4711", known), "a name alone is easily written"


def test_an_account_alone_does_not_make_a_bill_that_suppliers_if_another_vat_id_is_there() -> None:
    known = Hints(suppliers=[KnownSupplier("Kontor Nord GmbH", "DE136695976", ibans=["DE89370400440532013000"])])
    text = "Harbour Lights Ltd\nVAT GB980780684, Bank, IBAN DE89370400440532013000"
    assert seen(text, known)["supplier_name"].value == "Harbour Lights Ltd"


PARTIES = """
Seller                          Buyer
Kontor Nord GmbH                Brook & Sons Ltd
VAT DE136695976                 VAT GB980780684
"""


def test_the_customers_id_is_not_the_suppliers() -> None:
    assert seen(PARTIES)["supplier_vat_id"].value == "DE136695976"
    swapped = PARTIES.replace("Seller", "BUYER ").replace("Buyer", "Seller").replace("BUYER ", "Buyer ")
    assert seen(swapped)["supplier_vat_id"].value == "GB980780684"


def test_the_organizations_own_id_is_never_the_suppliers() -> None:
    own = Hints(own_ids=["DE 136 695 976"], own_names=["Kontor Nord GmbH"])
    found = seen(PARTIES.replace("Seller", "From  "), own)
    assert found["supplier_vat_id"].value == "GB980780684"
    assert "supplier_vat_id" not in certain(PARTIES, own), "the page calls it the buyer's"


def test_the_only_id_on_a_page_may_be_the_customers() -> None:
    assert "supplier_vat_id" not in seen("Prairie Software Inc.\n\nBill to\nKontor Nord GmbH\nVAT: DE136695976")
    assert "supplier_vat_id" not in certain("Prairie Software Inc.\nVAT: DE136695976")


@pytest.mark.parametrize("id_", ["DE136695977", "GB123456789"])
def test_an_id_whose_checksum_does_not_hold_is_doubted(id_: str) -> None:
    found = seen(f"Kontor Nord GmbH, Bank, IBAN, HRB 5, VAT {id_}")["supplier_vat_id"]
    assert (found.value, is_certain(found)) == (id_, False)


def test_a_digit_that_a_picture_takes_for_a_letter_is_mended_where_only_digits_can_be() -> None:
    text = "Kontor Nord GmbH, IBAN, HRB 5, USt-IdNr. DE13669S976"
    assert seen(text, origin=OCR)["supplier_vat_id"].value == "DE136695976"
    assert seen(text)["supplier_vat_id"].value == "DE13669S976", "a text layer has what it has"


@pytest.mark.parametrize(
    ("text", "vat_id"),
    [
        ("ИН по ЗДДС: ВС175074752", "BG175074752"),
        ("ДДС № 175074752", "BG175074752"),
        ("P.IVA 00743110157", "IT00743110157"),
        ("NIP: 526-000-12-46", "PL5260001246"),
        ("CIF: B58378431", "ESB58378431"),
    ],
)
def test_an_id_without_its_country_is_known_by_its_label_if_its_checksum_holds(text: str, vat_id: str) -> None:
    assert seen(text)["supplier_vat_id"].value == vat_id
    assert seen(text[:-1] + ("2" if text[-1] != "2" else "3")).get("supplier_vat_id") is None


def test_an_account_that_goes_on_in_the_next_row_is_whole() -> None:
    assert seen("Bank: DE89 3704 0044 0532 0130\n00 BIC COBADEFF")["iban"].value == "DE89370400440532013000"


def test_an_account_from_which_is_debited_is_the_customers() -> None:
    text = "Der Betrag wird von Ihrem Konto abgebucht: DE89 3704 0044 0532 0130 00"
    assert "iban" not in certain(text)


@pytest.mark.parametrize(
    ("text", "currency", "sure"),
    [
        ("Total   5.00 EUR", "EUR", True),
        ("Currency: PLN\nTotal   5.00", "PLN", True),
        ("All prices in EUR or USD\nTotal   5.00", "EUR", False),
        ("TOP SECRET\nALL in one\nTotal   5.00", None, False),
        ("Total   $5.00", "USD", False),
        ("Total   5.00", None, False),
        ("Total   5.00 EUR\nTotal   9.78 BGN", "EUR", False),
    ],
)
def test_a_currency_is_certain_only_if_the_page_names_one(text: str, currency: str | None, sure: bool) -> None:
    found = seen(text).get("currency_code")
    assert (found and found.value, bool(found and is_certain(found))) == (currency, sure)


def test_lines_are_there_only_if_they_add_up() -> None:
    text = "Gears   4   25.00   100.00\nBook   1   10.00   10.00\nNet   110.00\nVAT 19%   20.90\nTotal   130.90"
    lines = seen(text)["lines"].value
    assert [(line["description"], line["quantity"], line["unit_price"], line["total"]) for line in lines] == [
        ("Gears", "4", "25.00", "100.00"),
        ("Book", "1", "10.00", "10.00"),
    ]
    assert "lines" not in seen(text.replace("10.00   10.00", "10.00   12.00"))


def test_taxes_are_there_by_their_rates() -> None:
    text = "Net   110.00\n19 % VAT on 100.00   19.00\n7 % VAT on 10.00   0.70\nTotal   129.70"
    assert seen(text)["taxes"].value == [
        {"rate": "0.19", "base": "100.00", "tax": "19.00"},
        {"rate": "0.07", "base": "10.00", "tax": "0.70"},
    ]


def test_an_empty_page_has_no_fields() -> None:
    assert seen("") == {}
    assert seen("- - -") == {}


RATES = """
Rate   Net   VAT   Gross
20 %   181.08   36.22   217.30
6 %   60.36   3.02   63.38
Total   24l.44   39.24   280.68

Total amount   280.68 EUR
"""


def test_the_sums_of_one_rate_are_not_the_bills_if_another_total_follows() -> None:
    assert not certain(RATES) & {"subtotal", "tax_total", "total"}


def test_nor_if_a_larger_amount_is_due() -> None:
    assert "total" not in certain(RATES.replace("Total amount", "Balance due"))


def test_on_a_picture_a_rate_alone_does_not_prove_a_total() -> None:
    text = "Total   189.88\nincl. VAT 25 %   37.96"
    assert "total" in certain(text)
    assert "total" not in certain(text, origin=OCR)


def test_on_a_picture_two_equal_sums_do_not_prove_each_other() -> None:
    text = "Net amount   1601.20\nVAT 0%   0.00\nInvoice total   1601.20"
    assert "total" in certain(text)
    assert "total" not in certain(text, origin=OCR)


def test_a_name_on_a_picture_may_be_misread_unless_its_site_spells_it_too() -> None:
    text = "Kontor Nord GmbH\nKontor Nord GmbH, Bank, IBAN, HRB 5, VAT DE136695976"
    assert "supplier_name" in certain(text)
    assert "supplier_name" not in certain(text, origin=OCR)
    assert "supplier_name" in certain(text + "\nwww.kontornord.de", origin=OCR)


def test_a_total_to_which_a_tip_was_added_is_doubted() -> None:
    text = "Subtotal   54.00\nTax 8%   4.32\nTotal   58.32"
    assert "total" in certain(text)
    assert "total" not in certain(text + "\nTip   12.96\nTotal paid   71.28")
    assert "total" in certain(text + "\nCash   60.00\nChange   1.68")
