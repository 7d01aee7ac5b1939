"""Bills of many kinds as they look, and what each of them says. All of them are made up."""

from typing import NamedTuple

from domain.bills.extraction import Hints


class Layout(NamedTuple):
    """A bill's page, what is on it by field, and what its reader knows beforehand."""

    text: str
    says: dict[str, str]
    hints: Hints = Hints()


LAYOUTS = {
    "english, labels above their values": Layout(
        """
                                                                      TAX INVOICE
Harbour Lights Ltd
22 Quay Road, Bristol BS1 4QA
VAT Reg No: GB 980 7806 84

Bill To                                   Invoice No          Invoice Date        Due Date
Ada Analytics                             HL/2025/0193        03/11/2025          03/12/2025
12 Engine Row
London

Item                                      Qty      Unit price     VAT      Amount
LED panel                                   4          120.00     20%      480.00
Fitting                                     1           95.50     20%       95.50

                                                   Subtotal                575.50
                                                   VAT 20%                 115.10
                                                   Total GBP               690.60
Please pay within 30 days. Sort code 20-00-00  Account 12345678
Harbour Lights Ltd, registered in England 1234567
""",
        {
            "supplier_name": "Harbour Lights Ltd",
            "supplier_vat_id": "GB980780684",
            "invoice_number": "HL/2025/0193",
            "issue_date": "2025-11-03",
            "due_date": "2025-12-03",
            "currency_code": "GBP",
            "subtotal": "575.50",
            "tax_total": "115.10",
            "total": "690.60",
        },
    ),
    "american, month first, no tax": Layout(
        """
Blue Mesa Consulting LLC                                               INVOICE
4100 Camino Real                                              Invoice #: 10452
Santa Fe, NM 87505                                            Date: 02/27/2026
EIN: 85-1234567                                               Due: 03/29/2026

BILL TO:
Pied Piper LLC
5230 Newell Road
Palo Alto, CA 94303

DESCRIPTION                                      HOURS      RATE       AMOUNT
Architecture review                                 12   $150.00    $1,800.00
Workshop                                             4   $150.00      $600.00

                                                        SUBTOTAL    $2,400.00
                                                       TOTAL DUE    $2,400.00
Thank you for your business. Questions? hello@bluemesa.com
""",
        {
            "supplier_name": "Blue Mesa Consulting LLC",
            "invoice_number": "10452",
            "issue_date": "2026-02-27",
            "due_date": "2026-03-29",
            "currency_code": "USD",
            "subtotal": "2400.00",
            "tax_total": "0",
            "total": "2400.00",
        },
    ),
    "german, telephone, table of taxes": Layout(
        """
Nordfunk Mobil GmbH · Postfach 10 20 · 24103 Kiel

Frau
Ada Beispiel                                        Kundennummer        8812345
Lange Reihe 7                                       Rechnungsnummer     NM-9920014477
20099 Hamburg                                       Rechnungsdatum      12. Januar 2026
                                                    Seite               1 von 2

Ihre Mobilfunkrechnung für Dezember 2025

Leistung                                             Zeitraum                    Betrag (EUR)
Tarif Küste M                                        01.12.2025 - 31.12.2025          25,2017
Datenoption                                          01.12.2025 - 31.12.2025           8,3950

Summe netto                                                                            33,60
Umsatzsteuer 19 %                                                                       6,38
Rechnungsbetrag                                                                        39,98

Der Rechnungsbetrag wird am 26.01.2026 von Ihrem Konto DE02 **** **** **** 0020 51 abgebucht.
Nordfunk Mobil GmbH, Sitz Kiel, Amtsgericht Kiel HRB 4711, USt-IdNr. DE 136695976
www.nordfunk.example
""",
        {
            "supplier_name": "Nordfunk Mobil GmbH",
            "supplier_vat_id": "DE136695976",
            "invoice_number": "NM-9920014477",
            "issue_date": "2026-01-12",
            "currency_code": "EUR",
            "subtotal": "33.60",
            "tax_total": "6.38",
            "total": "39.98",
        },
    ),
    "german, two rates in a table with sums": Layout(
        """
Feinkost Weber e.K.
Marktplatz 3
88045 Friedrichshafen

An
Gasthaus Linde
Seestraße 1
88085 Langenargen

RECHNUNG NR. 2026-118                                   Friedrichshafen, den 03.02.2026

Pos  Artikel                          Menge        EP        MwSt       Gesamt
1    Olivenöl 5 l                         2     38,00         7%         76,00
2    Servietten                          10      4,50        19%         45,00
3    Senf, grob                           6      2,80         7%         16,80

MwSt-Satz          Netto          MwSt         Brutto
7%                 92,80          6,50          99,30
19%                45,00          8,55          53,55
Summe             137,80         15,05         152,85

Zahlbar bis 17.02.2026 ohne Abzug auf IBAN DE02 1203 0000 0000 2020 51
Steuernummer 61/123/45678
""",
        {
            "supplier_name": "Feinkost Weber e.K.",
            "iban": "DE02120300000000202051",
            "invoice_number": "2026-118",
            "issue_date": "2026-02-03",
            "due_date": "2026-02-17",
            "currency_code": "EUR",
            "subtotal": "137.80",
            "tax_total": "15.05",
            "total": "152.85",
        },
        Hints(language="de", currency="EUR"),
    ),
    "french, amount to be paid": Layout(
        """
                                                    FACTURE N° : 25-00871
MENUISERIE DU LAC SAS                               Date d'émission : 14/11/2025
18 chemin des Prés                                  Date d'échéance : 14/12/2025
74000 Annecy
SIRET : 732 829 320 00074                           Client
TVA intra : FR40303265045                           SCI Les Tilleuls
                                                    4 avenue de Genève
                                                    74000 Annecy

Désignation                       Qté     PU HT       TVA        Montant HT
Porte en chêne                      2    640,00      20 %          1 280,00
Pose                                1    310,00      10 %            310,00

                                          Total HT                 1 590,00 €
                                          TVA 20 %                   256,00 €
                                          TVA 10 %                    31,00 €
                                          Total TTC                1 877,00 €
                                          Acompte versé              500,00 €
                                          Net à payer              1 377,00 €

Règlement à 30 jours par virement. IBAN : FR14 2004 1010 0505 0001 3M02 606
""",
        {
            "supplier_name": "MENUISERIE DU LAC SAS",
            "supplier_vat_id": "FR40303265045",
            "iban": "FR1420041010050500013M02606",
            "invoice_number": "25-00871",
            "issue_date": "2025-11-14",
            "due_date": "2025-12-14",
            "currency_code": "EUR",
            "subtotal": "1590.00",
            "tax_total": "287.00",
            "total": "1877.00",
        },
    ),
    "bulgarian, two currencies": Layout(
        """
Доставчик:  Пирин Транс ООД                        Получател:  Морска Звезда ООД
ЕИК:        175074752                              ЕИК:        103267194
ДДС №:      BG175074752                            ДДС №:      BG103267194
Адрес:      гр. Банско, ул. Пирин 5                Адрес:      гр. Варна, бул. Приморски 15

                             ФАКТУРА № 2000004518
                             Дата: 15.01.2026

№    Наименование                 Мярка    К-во     Ед. цена        Стойност
1    Транспортна услуга           бр.         2       150,00          300,00
2    Товарене                     час         3        20,00           60,00

                                             Данъчна основа:          360,00 EUR
                                             ДДС 20%:                  72,00 EUR
                                             Всичко:                  432,00 EUR
Словом: четиристотин тридесет и две евро
IBAN: BG80 BNBG 9661 1020 3456 78   Срок за плащане: 30.01.2026
""",
        {
            "supplier_name": "Пирин Транс ООД",
            "supplier_vat_id": "BG175074752",
            "iban": "BG80BNBG96611020345678",
            "invoice_number": "2000004518",
            "issue_date": "2026-01-15",
            "due_date": "2026-01-30",
            "currency_code": "EUR",
            "subtotal": "360.00",
            "tax_total": "72.00",
            "total": "432.00",
        },
        Hints(own_ids=["BG103267194"], own_names=["Морска Звезда ООД"], language="bg"),
    ),
    "spanish": Layout(
        """
Talleres Sierra Norte S.L.                             Factura nº: A-2026/041
C/ Mayor 12, 28700 San Sebastián de los Reyes          Fecha: 09/01/2026
CIF: ESB58378431                                       Vencimiento: 08/02/2026

Cliente: Distribuciones Lima S.A.
NIF: A28015865

Concepto                          Cantidad      Precio       Importe
Revisión de compresor                    1      420,00        420,00
Filtros                                  6       18,25        109,50

Base imponible                                                529,50 €
IVA 21%                                                       111,20 €
TOTAL FACTURA                                                 640,70 €
Transferencia: ES91 2100 0418 4502 0005 1332
""",
        {
            "supplier_name": "Talleres Sierra Norte S.L.",
            "supplier_vat_id": "ESB58378431",
            "iban": "ES9121000418450200051332",
            "invoice_number": "A-2026/041",
            "issue_date": "2026-01-09",
            "due_date": "2026-02-08",
            "currency_code": "EUR",
            "subtotal": "529.50",
            "tax_total": "111.20",
            "total": "640.70",
        },
    ),
    "italian": Layout(
        """
Officina Grafica Bianchi S.r.l.
Via Garibaldi 8 - 20121 Milano
P.IVA IT00743110157

Spett.le
Caffè Centrale S.n.c.
Corso Italia 3
10121 Torino

Fattura n. 77/2026 del 20/02/2026

Descrizione                         Q.tà     Prezzo       Totale
Stampa menù                          150       1,20       180,00
Progetto grafico                       1     240,00       240,00

Imponibile                                                420,00
IVA 22%                                                    92,40
Totale documento                                    €     512,40
Scadenza: 22/03/2026 - Bonifico IT60 X054 2811 1010 0000 0123 456
""",
        {
            "supplier_name": "Officina Grafica Bianchi S.r.l.",
            "supplier_vat_id": "IT00743110157",
            "iban": "IT60X0542811101000000123456",
            "invoice_number": "77/2026",
            "issue_date": "2026-02-20",
            "due_date": "2026-03-22",
            "currency_code": "EUR",
            "subtotal": "420.00",
            "tax_total": "92.40",
            "total": "512.40",
        },
    ),
    "dutch, webshop": Layout(
        """
                    Fietsplaats B.V.
                    Singel 40, 3112 GM Schiedam
                    KvK 24330000   BTW NL004495445B01   IBAN NL91ABNA0417164300

Factuur

Factuurnummer       F20260077
Factuurdatum        17 februari 2026
Ordernummer         1002993
Vervaldatum         3 maart 2026

Omschrijving                          Aantal      Prijs       Totaal
Stadsfiets                                 1   € 649,00     € 649,00
Kettingslot                                2    € 34,95      € 69,90

                              Totaal excl. btw              € 594,13
                              Btw 21%                       € 124,77
                              Totaal incl. btw              € 718,90
""",
        {
            "supplier_name": "Fietsplaats B.V.",
            "supplier_vat_id": "NL004495445B01",
            "iban": "NL91ABNA0417164300",
            "invoice_number": "F20260077",
            "issue_date": "2026-02-17",
            "due_date": "2026-03-03",
            "currency_code": "EUR",
            "subtotal": "594.13",
            "tax_total": "124.77",
            "total": "718.90",
        },
    ),
    "polish": Layout(
        """
Faktura VAT nr FV/2026/02/0031
Data wystawienia: 2026-02-11
Data sprzedaży: 2026-02-10
Termin płatności: 2026-02-25

Sprzedawca                                   Nabywca
Stalbud Sp. z o.o.                           Kawiarnia Róg s.c.
ul. Długa 5, 31-147 Kraków                   ul. Krótka 2, 00-950 Warszawa
NIP: PL5260001246                            NIP: 7251801126

Lp. Nazwa              Ilość   Cena netto   Wartość netto   VAT   Kwota VAT   Wartość brutto
1   Profil stalowy        20        45,00          900,00   23%      207,00         1 107,00
2   Transport              1       150,00          150,00   23%       34,50           184,50

                                 Razem           1 050,00            241,50         1 291,50
Do zapłaty: 1 291,50 PLN
Nr rachunku: PL61 1090 1014 0000 0712 1981 2874
""",
        {
            "supplier_name": "Stalbud Sp. z o.o.",
            "supplier_vat_id": "PL5260001246",
            "iban": "PL61109010140000071219812874",
            "invoice_number": "FV/2026/02/0031",
            "issue_date": "2026-02-11",
            "due_date": "2026-02-25",
            "currency_code": "PLN",
            "subtotal": "1050.00",
            "tax_total": "241.50",
            "total": "1291.50",
        },
    ),
    "swiss, apostrophes": Layout(
        """
Bergwerk Informatik AG                         Rechnung
Bahnhofstrasse 10
8001 Zürich                                    Rechnungs-Nr.:   R-10887
CHE-107.787.577 MWST                           Datum:           05.03.2026
                                               Zahlbar bis:     04.04.2026
Käserei Huber GmbH
Dorfplatz 2
9050 Appenzell

Beschreibung                        Anzahl        Preis            Betrag CHF
Serverbetrieb 2026                       1    12'400.00             12'400.00
Einrichtung                             10       180.00              1'800.00

Zwischentotal                                                       14'200.00
MWST 8.1%                                                            1'150.20
Total CHF                                                           15'350.20
IBAN CH93 0076 2011 6238 5295 7
""",
        {
            "supplier_name": "Bergwerk Informatik AG",
            "supplier_vat_id": "CHE107787577",
            "iban": "CH9300762011623852957",
            "invoice_number": "R-10887",
            "issue_date": "2026-03-05",
            "due_date": "2026-04-04",
            "currency_code": "CHF",
            "subtotal": "14200.00",
            "tax_total": "1150.20",
            "total": "15350.20",
        },
    ),
    "indian, lakhs": Layout(
        """
Sona Textiles Pvt Ltd
GSTIN: 27AAPFU0939F1ZV
Plot 14, Andheri East, Mumbai 400093

Tax Invoice
Invoice Number: ST-2526-00417          Invoice Date: 18-Feb-2026

Sl  Item                         Qty        Rate           Amount
1   Cotton bales                 150    1,250.00      1,87,500.00
2   Freight                        1    4,500.00         4,500.00

Taxable Amount                                        1,92,000.00
IGST 5%                                                   9,600.00
Grand Total                                         ₹ 2,01,600.00
Amount in words: Rupees two lakh one thousand six hundred only
""",
        {
            "supplier_name": "Sona Textiles Pvt Ltd",
            "invoice_number": "ST-2526-00417",
            "issue_date": "2026-02-18",
            "currency_code": "INR",
            "subtotal": "192000.00",
            "tax_total": "9600.00",
            "total": "201600.00",
        },
    ),
    "cloud provider, reverse charge": Layout(
        """
Nimbus Hosting Ireland Limited
One Burlington Road, Dublin 4, Ireland
VAT number: IE6433435F

Invoice

Invoice number: 5519927788
Invoice date: 1 Mar 2026
Billing period: 1 Feb 2026 - 28 Feb 2026

Bill to
Morska Zvezda OOD
15 Primorski Blvd
Varna
VAT number: BG103267194

Summary
Compute                                              EUR 84.12
Storage                                              EUR 15.88

Subtotal in EUR                                      EUR 100.00
VAT (0%)                                             EUR 0.00
Total in EUR                                         EUR 100.00
Reverse charge: the recipient is liable for VAT.
""",
        {
            "supplier_name": "Nimbus Hosting Ireland Limited",
            "supplier_vat_id": "IE6433435F",
            "invoice_number": "5519927788",
            "issue_date": "2026-03-01",
            "currency_code": "EUR",
            "subtotal": "100.00",
            "tax_total": "0.00",
            "total": "100.00",
        },
    ),
    "receipt of a taxi": Layout(
        """
        CITY CABS AMSTERDAM
       Kerkstraat 1, Amsterdam
       btw-nr NL004495445B01

Bon nr: 0099123
Datum: 05-02-2026 18:22

Rit CS - Schiphol          48,50
Waarvan 9% btw              4,00
Totaal            EUR      48,50

Pin                        48,50
      Dank u en tot ziens
""",
        {
            "supplier_vat_id": "NL004495445B01",
            "issue_date": "2026-02-05",
            "currency_code": "EUR",
            "subtotal": "44.50",
            "tax_total": "4.00",
            "total": "48.50",
        },
    ),
    "german credit note with signs": Layout(
        """
Lacke & Farben Süd GmbH & Co. KG
Industriering 4, 86150 Augsburg

Malerbetrieb Klein
Hauptstr. 9
86199 Augsburg

Stornorechnung Nr. ST-3301                                   Datum 21.01.2026
zur Rechnung Nr. RE-2890 vom 04.01.2026

Wandfarbe weiß 10 l            -3        41,00        19 %        -123,00

Nettobetrag                                                       -123,00 EUR
19 % MwSt.                                                         -23,37 EUR
Bruttobetrag                                                      -146,37 EUR

USt-ID DE136695976
""",
        {
            "supplier_name": "Lacke & Farben Süd GmbH & Co. KG",
            "supplier_vat_id": "DE136695976",
            "invoice_number": "ST-3301",
            "issue_date": "2026-01-21",
            "currency_code": "EUR",
            "subtotal": "-123.00",
            "tax_total": "-23.37",
            "total": "-146.37",
        },
    ),
    "credit note without signs": Layout(
        """
Harbour Lights Ltd                                   CREDIT NOTE
22 Quay Road, Bristol                                Credit Note No. CN-118
VAT No GB980780684                                   Date 12 January 2026
                                                     Original invoice no. HL/2025/0193
Returned panel               1         120.00         120.00

Net                                                   120.00
VAT 20%                                                24.00
Total credit                                        £ 144.00
""",
        {
            "invoice_number": "CN-118",
            "issue_date": "2026-01-12",
            "currency_code": "GBP",
            "subtotal": "-120.00",
            "tax_total": "-24.00",
            "total": "-144.00",
        },
    ),
    "german, minus at the end and rows of labels": Layout(
        """
Kontor Handels AG                                            Belegdatum     Belegnummer
Am Hafen 2                                                   28.02.2026     90118834
28195 Bremen

Rechnung

Material                     Menge            Preis            Betrag
4711 Dichtung                  100             1,20            120,00
Rabatt 10 %                                                     12,00-

Warenwert                                                      108,00
Umsatzsteuer 19,00 %                                            20,52
Endbetrag EUR                                                  128,52
Zahlbar innerhalb 14 Tagen mit 2 % Skonto bis 14.03.2026, ohne Abzug bis 30.03.2026.
""",
        {
            "supplier_name": "Kontor Handels AG",
            "invoice_number": "90118834",
            "issue_date": "2026-02-28",
            "due_date": "2026-03-30",
            "currency_code": "EUR",
            "subtotal": "108.00",
            "tax_total": "20.52",
            "total": "128.52",
        },
    ),
    "japanese yen, no decimals": Layout(
        """
Sakura Trading Co., Ltd.
Minato-ku, Tokyo

INVOICE
Invoice No. 2026-0021
Issue date: 2026-02-20
Due date: 2026-03-31

Tea, 1 kg                       20        3,000            60,000
Shipping                         1        2,500             2,500

Subtotal                                                  ¥62,500
Consumption tax (10%)                                      ¥6,250
Total                                                     ¥68,750
""",
        {
            "supplier_name": "Sakura Trading Co., Ltd.",
            "invoice_number": "2026-0021",
            "issue_date": "2026-02-20",
            "due_date": "2026-03-31",
            "currency_code": "JPY",
            "subtotal": "62500",
            "tax_total": "6250",
            "total": "68750",
        },
    ),
    "energy, sum of the year and payments on account": Layout(
        """
Stadtwerke Auental GmbH                                      Vertragskonto 200 118 402
                                                             Rechnungs-Nr. 2026/55-8871
Herrn Max Beispiel                                           Datum 30.01.2026
Talweg 4
01234 Auental

Jahresrechnung Strom 01.01.2025 bis 31.12.2025

Verbrauch 2.480 kWh          Arbeitspreis 27,31 ct        677,29 €
Grundpreis                   12 Monate x 9,90 €           118,80 €
Nettobetrag                                               796,09 €
Umsatzsteuer 19 %                                         151,26 €
Rechnungsbetrag brutto                                    947,35 €
abzüglich geleistete Abschlagszahlungen                  -900,00 €
Noch zu zahlen                                             47,35 €
Den offenen Betrag überweisen Sie bitte bis zum 13.02.2026 auf DE02120300000000202051.
USt-IdNr.: DE136695976
""",
        {
            "supplier_name": "Stadtwerke Auental GmbH",
            "supplier_vat_id": "DE136695976",
            "iban": "DE02120300000000202051",
            "invoice_number": "2026/55-8871",
            "issue_date": "2026-01-30",
            "due_date": "2026-02-13",
            "currency_code": "EUR",
            "subtotal": "796.09",
            "tax_total": "151.26",
            "total": "947.35",
        },
    ),
    "english, summary on top and period": Layout(
        """
   Tern Telecom plc                                    Your bill
   PO Box 9, Leeds LS1 1AA
                                                       Account number     8800 1122
   Ms A. Analytics                                     Bill number        Q112 88
   12 Engine Row                                       Date of bill       26 Jan 2026
   London                                              Total due          £49.20
                                                       Payment due by     9 Feb 2026

   Your charges
   Line rental, 1 Feb to 28 Feb                        £35.00
   Calls                                                £6.00
   Total before VAT                                    £41.00
   VAT at 20.00% on £41.00                              £8.20
   Total for this bill                                 £49.20

   VAT registration number GB 980 7806 84
""",
        {
            "supplier_name": "Tern Telecom plc",
            "supplier_vat_id": "GB980780684",
            "invoice_number": "Q112 88",
            "issue_date": "2026-01-26",
            "due_date": "2026-02-09",
            "currency_code": "GBP",
            "subtotal": "41.00",
            "tax_total": "8.20",
            "total": "49.20",
        },
    ),
    "american, sales tax and shipping": Layout(
        """
                                             Order Invoice
Lakeside Supply Co.                          Invoice Number:  INV20260119-7
PO Box 55, Duluth MN 55802                   Invoice Date:    Jan 19, 2026
                                             Payment Terms:   Net 15
                                             Due Date:        Feb 3, 2026
Bill To                                      Ship To
Pied Piper LLC                               Pied Piper LLC
5230 Newell Road                             5230 Newell Road

SKU        Description         Qty    Unit Price      Total
AX-100     Anchor               10         $42.00     $420.00
RP-20      Rope 20 m             5         $18.00      $90.00

                                   Subtotal           $510.00
                                   Sales Tax 6.875%    $35.06
                                   Total              $545.06
                                   Amount Paid          $0.00
                                   Balance Due        $545.06
""",
        {
            "supplier_name": "Lakeside Supply Co.",
            "invoice_number": "INV20260119-7",
            "issue_date": "2026-01-19",
            "due_date": "2026-02-03",
            "currency_code": "USD",
            "subtotal": "510.00",
            "tax_total": "35.06",
            "total": "545.06",
        },
    ),
    "letters far apart and amounts under their labels": Layout(
        """
K O N T O R   N O R D   G m b H

R E C H N U N G

Rechnungsnummer              Rechnungsdatum              Fälligkeit
2026/0099                    02.03.2026                  16.03.2026

Beratung im Februar, 8 Stunden zu 95,00 EUR

Nettobetrag                  USt. 19 %                   Rechnungsbetrag
760,00 EUR                   144,40 EUR                  904,40 EUR

Kontor Nord GmbH | Deichweg 1 | 20457 Hamburg | USt-IdNr. DE136695976 | IBAN DE02 1203 0000 0000 2020 51
""",
        {
            "supplier_name": "Kontor Nord GmbH",
            "supplier_vat_id": "DE136695976",
            "iban": "DE02120300000000202051",
            "invoice_number": "2026/0099",
            "issue_date": "2026-03-02",
            "due_date": "2026-03-16",
            "currency_code": "EUR",
            "subtotal": "760.00",
            "tax_total": "144.40",
            "total": "904.40",
        },
    ),
}  # fmt: skip
