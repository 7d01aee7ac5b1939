"""E-invoices in each syntax, with what they say."""

from typing import Any

SAYS: dict[str, Any] = {
    "supplier_name": "Brook & Sons Ltd",
    "supplier_vat_id": "DE136695976",
    "supplier_tax_id": "133/5678/1234",
    "iban": "DE89370400440532013000",
    "invoice_number": "R-2026/17",
    "issue_date": "2026-02-05",
    "due_date": "2026-03-07",
    "currency_code": "EUR",
    "subtotal": "110.00",
    "tax_total": "19.70",
    "total": "129.70",
    "taxes": [{"rate": "0.19", "base": "100.00", "tax": "19.00"}, {"rate": "0.07", "base": "10.00", "tax": "0.70"}],
    "lines": [
        {"description": "Gears", "quantity": "4", "unit_price": "25", "tax_rate": "0.19", "total": "100.00"},
        {"description": "A book", "quantity": "1", "unit_price": "10.00", "tax_rate": "0.07", "total": "10.00"},
    ],
}
AMOUNTS = ("subtotal", "tax_total", "total")


def cii(kind: str = "380", sign: str = "", old: bool = False, more: str = "") -> bytes:
    """Return an invoice that SAYS that as CII: Factur-X, or with `old` ZUGFeRD 1.0."""
    of = OLD if old else NEW
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rsm:{of["root"]} xmlns:rsm="urn:rsm" xmlns:ram="urn:ram" xmlns:udt="urn:udt">
  <rsm:{of["document"]}><ram:ID>R-2026/17</ram:ID><ram:TypeCode>{kind}</ram:TypeCode>
    <ram:IssueDateTime><udt:DateTimeString format="102">20260205</udt:DateTimeString></ram:IssueDateTime>
  </rsm:{of["document"]}>
  <rsm:{of["deal"]}>
    <ram:{of["agreement"]}>
      <ram:SellerTradeParty><ram:Name>Brook &amp; Sons
        Ltd</ram:Name>
        <ram:SpecifiedTaxRegistration><ram:ID schemeID="FC">133/5678/1234</ram:ID></ram:SpecifiedTaxRegistration>
        <ram:SpecifiedTaxRegistration><ram:ID schemeID="VA">DE 136695976</ram:ID></ram:SpecifiedTaxRegistration>
      </ram:SellerTradeParty>
      <ram:BuyerTradeParty><ram:Name>Somebody else</ram:Name>
        <ram:SpecifiedTaxRegistration><ram:ID schemeID="VA">DE811569869</ram:ID></ram:SpecifiedTaxRegistration>
      </ram:BuyerTradeParty>
    </ram:{of["agreement"]}>
    <ram:{of["settlement"]}>
      <ram:InvoiceCurrencyCode>EUR</ram:InvoiceCurrencyCode>
      <ram:SpecifiedTradeSettlementPaymentMeans><ram:PayeePartyCreditorFinancialAccount>
        <ram:IBANID>DE89 3704 0044 0532 0130 00</ram:IBANID>
      </ram:PayeePartyCreditorFinancialAccount></ram:SpecifiedTradeSettlementPaymentMeans>
      {_cii_tax(of, sign, "19.00", "100.00", "19.00")}{_cii_tax(of, sign, "7", "10.00", "0.70")}
      {_cii_terms("20260212")}{_cii_terms("20260307")}{_cii_sums(of, sign)}{more}
    </ram:{of["settlement"]}>
    {_cii_line(of, sign, "Gears", "4", "2500", "19", "100.00", "100")}
    {_cii_line(of, sign, "A book", "1", "10.00", "7", "10.00", "10")}
    <ram:IncludedSupplyChainTradeLineItem><ram:SpecifiedTradeProduct><ram:Name>A remark</ram:Name>
    </ram:SpecifiedTradeProduct></ram:IncludedSupplyChainTradeLineItem>
  </rsm:{of["deal"]}>
</rsm:{of["root"]}>""".encode()


OLD = {
    "root": "CrossIndustryDocument",
    "document": "HeaderExchangedDocument",
    "deal": "SpecifiedSupplyChainTradeTransaction",
    "agreement": "ApplicableSupplyChainTradeAgreement",
    "settlement": "ApplicableSupplyChainTradeSettlement",
    "sums": "SpecifiedTradeSettlementMonetarySummation",
    "rate": "ApplicablePercent",
    "line": "SupplyChainTrade",
    "line_sums": "SpecifiedTradeSettlementMonetarySummation",
}
NEW = {
    "root": "CrossIndustryInvoice",
    "document": "ExchangedDocument",
    "deal": "SupplyChainTradeTransaction",
    "agreement": "ApplicableHeaderTradeAgreement",
    "settlement": "ApplicableHeaderTradeSettlement",
    "sums": "SpecifiedTradeSettlementHeaderMonetarySummation",
    "rate": "RateApplicablePercent",
    "line": "LineTrade",
    "line_sums": "SpecifiedTradeSettlementLineMonetarySummation",
}


def _cii_tax(of: dict[str, str], sign: str, rate: str, base: str, tax: str) -> str:
    return f"""<ram:ApplicableTradeTax><ram:CalculatedAmount>{sign}{tax}</ram:CalculatedAmount>
        <ram:BasisAmount>{sign}{base}</ram:BasisAmount><ram:{of["rate"]}>{rate}</ram:{of["rate"]}>
      </ram:ApplicableTradeTax>"""


def _cii_sums(of: dict[str, str], sign: str) -> str:
    return f"""<ram:{of["sums"]}>
        <ram:LineTotalAmount>{sign}110.00</ram:LineTotalAmount>
        <ram:TaxBasisTotalAmount>{sign}110.00</ram:TaxBasisTotalAmount>
        <ram:TaxTotalAmount currencyID="BGN">{sign}38.53</ram:TaxTotalAmount>
        <ram:TaxTotalAmount currencyID="EUR">{sign}19.70</ram:TaxTotalAmount>
        <ram:GrandTotalAmount>{sign}129.70</ram:GrandTotalAmount>
        <ram:DuePayableAmount>{sign}29.70</ram:DuePayableAmount>
      </ram:{of["sums"]}>"""


def _cii_terms(due: str) -> str:
    return f"""<ram:SpecifiedTradePaymentTerms><ram:DueDateDateTime>
        <udt:DateTimeString format="102">{due}</udt:DateTimeString>
      </ram:DueDateDateTime></ram:SpecifiedTradePaymentTerms>"""


def _cii_line(
    of: dict[str, str], sign: str, name: str, quantity: str, price: str, rate: str, total: str, price_of: str
) -> str:
    return f"""<ram:IncludedSupplyChainTradeLineItem>
      <ram:SpecifiedTradeProduct><ram:Name>{name}</ram:Name></ram:SpecifiedTradeProduct>
      <ram:Specified{of["line"]}Agreement><ram:NetPriceProductTradePrice>
        <ram:ChargeAmount>{price}</ram:ChargeAmount><ram:BasisQuantity>{price_of}</ram:BasisQuantity>
      </ram:NetPriceProductTradePrice></ram:Specified{of["line"]}Agreement>
      <ram:Specified{of["line"]}Delivery><ram:BilledQuantity>{sign}{quantity}</ram:BilledQuantity>
      </ram:Specified{of["line"]}Delivery>
      <ram:Specified{of["line"]}Settlement>
        <ram:ApplicableTradeTax><ram:{of["rate"]}>{rate}</ram:{of["rate"]}></ram:ApplicableTradeTax>
        <ram:{of["line_sums"]}><ram:LineTotalAmount>{sign}{total}</ram:LineTotalAmount></ram:{of["line_sums"]}>
      </ram:Specified{of["line"]}Settlement>
    </ram:IncludedSupplyChainTradeLineItem>"""


def ubl(root: str = "Invoice", sign: str = "") -> bytes:
    """Return an invoice that SAYS that as UBL, or with `root` CreditNote a credit note."""
    credit = root == "CreditNote"
    due = "<cbc:PaymentDueDate>2026-03-07</cbc:PaymentDueDate>" if credit else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<{root} xmlns="urn:{root}" xmlns:cac="urn:cac" xmlns:cbc="urn:cbc">
  <cbc:ID>R-2026/17</cbc:ID><cbc:IssueDate>2026-02-05+01:00</cbc:IssueDate>
  {"" if credit else "<cbc:DueDate>2026-03-07</cbc:DueDate>"}
  <cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
  <cac:AccountingSupplierParty><cac:Party><cac:PartyName><cbc:Name>A trading name</cbc:Name></cac:PartyName>
    {_ubl_scheme("VAT", "DE136695976")}{_ubl_scheme("LOC", "133/5678/1234")}
    <cac:PartyLegalEntity><cbc:RegistrationName>Brook &amp; Sons Ltd</cbc:RegistrationName></cac:PartyLegalEntity>
  </cac:Party></cac:AccountingSupplierParty>
  <cac:AccountingCustomerParty><cac:Party>{_ubl_scheme("VAT", "DE811569869")}</cac:Party></cac:AccountingCustomerParty>
  <cac:PaymentMeans>{due}<cac:PayeeFinancialAccount><cbc:ID>DE89370400440532013000</cbc:ID>
  </cac:PayeeFinancialAccount></cac:PaymentMeans>
  <cac:TaxTotal><cbc:TaxAmount currencyID="BGN">{sign}38.53</cbc:TaxAmount></cac:TaxTotal>
  <cac:TaxTotal><cbc:TaxAmount currencyID="EUR">{sign}19.70</cbc:TaxAmount>
    {_ubl_tax(sign, "19.00", "100.00", "19.00")}{_ubl_tax(sign, "7", "10.00", "0.70")}
  </cac:TaxTotal>
  <cac:LegalMonetaryTotal>
    <cbc:TaxExclusiveAmount currencyID="EUR">{sign}110.00</cbc:TaxExclusiveAmount>
    <cbc:TaxInclusiveAmount currencyID="EUR">{sign}129.70</cbc:TaxInclusiveAmount>
    <cbc:PayableAmount currencyID="EUR">{sign}29.70</cbc:PayableAmount>
  </cac:LegalMonetaryTotal>
  {_ubl_line(root, sign, "Gears", "4", "2500", "19", "100.00", "100")}
  {_ubl_line(root, sign, "A book", "1", "10.00", "7", "10.00", "1")}
</{root}>""".encode()


def _ubl_scheme(scheme: str, number: str) -> str:
    return f"""<cac:PartyTaxScheme><cbc:CompanyID>{number}</cbc:CompanyID>
      <cac:TaxScheme><cbc:ID>{scheme}</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>"""


def _ubl_tax(sign: str, rate: str, base: str, tax: str) -> str:
    return f"""<cac:TaxSubtotal><cbc:TaxableAmount currencyID="EUR">{sign}{base}</cbc:TaxableAmount>
      <cbc:TaxAmount currencyID="EUR">{sign}{tax}</cbc:TaxAmount>
      <cac:TaxCategory><cbc:Percent>{rate}</cbc:Percent></cac:TaxCategory></cac:TaxSubtotal>"""


def _ubl_line(root: str, sign: str, name: str, quantity: str, price: str, rate: str, total: str, price_of: str) -> str:
    counted = "CreditedQuantity" if root == "CreditNote" else "InvoicedQuantity"
    return f"""<cac:{root}Line><cbc:{counted}>{sign}{quantity}</cbc:{counted}>
      <cbc:LineExtensionAmount currencyID="EUR">{sign}{total}</cbc:LineExtensionAmount>
      <cac:Item><cbc:Name>{name}</cbc:Name>
        <cac:ClassifiedTaxCategory><cbc:Percent>{rate}</cbc:Percent></cac:ClassifiedTaxCategory></cac:Item>
      <cac:Price><cbc:PriceAmount>{price}</cbc:PriceAmount><cbc:BaseQuantity>{price_of}</cbc:BaseQuantity></cac:Price>
    </cac:{root}Line>"""
