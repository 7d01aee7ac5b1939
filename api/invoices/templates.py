"""How invoices look."""

from typing import Any

from flask import Response, g
from marshmallow import fields
from sqlalchemy.orm import Session

from api.http.blueprint import Blueprint
from api.http.bodies.templates import TemplateBody
from api.http.changes import change
from api.http.fields import Instant
from api.http.idempotency import Answer, once
from api.http.pagination import LINK, Page, page, place
from api.http.schema import CamelSchema
from api.http.shares import heavy
from db.transaction import report, transaction
from domain.identity import quotas
from domain.templates import library

PATH = "/api/v1/templates"
templates_api = Blueprint(
    "templates", __name__, description="HTML templates that say how printed invoices look.", url_prefix=PATH
)


class Template(CamelSchema):
    id = fields.Integer()
    name = fields.String()
    html = fields.String(attribute="source.html")
    is_default = fields.Boolean()
    created_at = Instant()
    updated_at = Instant()


@templates_api.route("", "templates:read")
@templates_api.arguments(Page(), location="query")
@templates_api.response(200, Template(many=True), headers=LINK)
def list_templates(query: dict[str, Any]) -> Any:
    """List templates.

    The HTML of each is included.
    """
    with report() as session:
        rows = library.page(session, g.organization_id, *place(query, 0))
        return page(rows, query, Template())


@templates_api.route("", "templates:manage", methods=["POST"])
@templates_api.arguments(TemplateBody())
@templates_api.response(201, Template)
@templates_api.idempotent
@heavy
def create_template(body: dict[str, Any]) -> Response:
    """Create a template; one that could not print every invoice is refused.

    Placeholders such as `{{invoiceNumber}}` are filled in when an invoice is printed. A 400 says which are missing.
    """

    def work(session: Session) -> Answer:
        quotas.admit_template(session, g.organization_id, new=True)
        template = library.create(session, g.organization_id, **body)
        return Answer(201, Template().dump(template), {"Location": f"{PATH}/{template.id}"})

    return once(work, prepare=lambda: library.check(g.organization_id, body["html"])).response()


@templates_api.route("/<row_id:template_id>", "templates:read")
@templates_api.response(200, Template)
@templates_api.refuses(404)
def show_template(template_id: int) -> Any:
    """Show one template.

    The HTML is as it was sent.
    """
    with transaction() as session:
        return library.get(session, g.organization_id, template_id)


@templates_api.route("/<row_id:template_id>", "templates:manage", methods=["PUT"])
@templates_api.arguments(TemplateBody())
@templates_api.response(200, Template)
@templates_api.refuses(404)
@heavy
def replace_template(body: dict[str, Any], template_id: int) -> Any:
    """Replace a template; invoices issued before keep their look.

    `isDefault` stays as it is when it is absent or null. The default template cannot stop being it: make another one
    the default instead.
    """
    library.check(g.organization_id, body["html"])
    with change() as session:
        quotas.admit_template(session, g.organization_id, new=False)
        return library.change(session, g.organization_id, template_id, **body)
