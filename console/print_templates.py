"""Templates: how invoices look when they are printed."""

from typing import Any

from flask import g, render_template, request
from werkzeug.wrappers import Response

from api.http.bodies.templates import TemplateBody
from api.http.changes import change
from api.http.shares import heavy
from console.forms import loaded, once, texts
from console.lists import ROWS, after, listed
from console.pages import Pages, lead_to
from db.transaction import report, transaction
from domain.identity import quotas
from domain.templates import library

templates_pages = Pages("templates", __name__)


@templates_pages.page("/templates", "templates:read")
def list_templates():
    """Show the templates."""
    with report() as session:
        found = listed(library.page(session, g.organization_id, after() or 0, ROWS + 1))
    return render_template("templates.html", templates=found)


@templates_pages.page("/templates/new", "templates:manage")
def show_new_template():
    """Show the form of a new template, which begins as the organization's first."""
    with transaction() as session:
        first = next(iter(library.page(session, g.organization_id, 0, 1)), None)
        html = first.source.html if first else ""
    return render_template("template.html", template=None, html=html)


@templates_pages.act("/templates/new", "templates:manage", back=show_new_template)
@heavy
def create_template() -> Response:
    """Make a template, if each invoice can be printed with it."""
    fields = _fields()
    library.check(g.organization_id, fields["html"])

    def work(session: Any) -> dict[str, Any]:
        quotas.admit_template(session, g.organization_id, new=True)
        return {"id": library.create(session, g.organization_id, **fields).id}

    return lead_to("templates.show_template", "saved", template_id=once(work)["id"])


@templates_pages.page("/templates/<row_id:template_id>", "templates:read")
def show_template(template_id: int):
    """Show a template, and what can be changed."""
    with transaction() as session:
        template = library.get(session, g.organization_id, template_id)
        html = template.source.html
    return render_template("template.html", template=template, html=html)


@templates_pages.act("/templates/<row_id:template_id>", "templates:manage", back=show_template)
@heavy
def replace_template(template_id: int) -> Response:
    """Change a template; invoices that were issued keep their look."""
    fields = _fields()
    library.check(g.organization_id, fields["html"])
    with change() as session:
        quotas.admit_template(session, g.organization_id, new=False)
        library.change(session, g.organization_id, template_id, **fields)
    return lead_to("templates.show_template", "saved", template_id=template_id)


def _fields() -> dict[str, Any]:
    # A browser sends each line's end as two characters.
    given = texts("name", "html")
    given["html"] = given["html"].replace("\r\n", "\n")
    return loaded(TemplateBody(), given | ({"isDefault": True} if "isDefault" in request.form else {}))
