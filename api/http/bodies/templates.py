from api.http.fields import Flag, Text
from api.http.schema import Body
from domain.templates.placeholders import NAMES
from domain.templates.sample import REQUIRED
from domain.templates.template import MAX_BYTES

PLAIN = (
    "<html><body><h1>{{invoiceNumber}} {{issueDate}}</h1><p>{{supplierName}} {{clientName}}</p>"
    "<table>{{itemsRows}}</table>{{total}}</body></html>"
)
PLACEHOLDERS = (
    "HTML in which placeholders stand for what an invoice says: "
    + ", ".join(f"`{{{{{name}}}}}`" for name in sorted(NAMES))
    + f". An invoice must show {', '.join(sorted(REQUIRED))}: a template in whose print one of them is missing is "
    "refused. Names that end in Row, Rows, Section or Head are whole elements, or nothing. `itemsHead` brings the head "
    "and the widths of the table's columns, without one for discounts where there are none. `pageStyle` puts the "
    "invoice's number and the page's below each page, and sets the direction of the script. Names that begin with "
    "label are words in the language of the invoice's locale; a template without any is in English."
)


class TemplateBody(Body):
    EXAMPLES = {"A plain template": {"name": "Plain", "html": PLAIN}}

    name = Text(200, required=True)
    html = Text(MAX_BYTES, required=True, description=PLACEHOLDERS)
    is_default = Flag(allow_none=True)
