from flask import Flask

from api.accounting import accounting_api
from api.accounting_documents import RecreationAccepted
from api.admin import admin_api
from api.auth import authenticate
from api.clients import clients_api
from api.cron import cron_api
from api.documentation import document
from api.errors import register
from api.exact_json import ExactProvider
from api.health import health_api
from api.invoice_documents import ClientDetails, KnownClient
from api.invoice_export import export_api
from api.invoice_generation import generation_api
from api.invoice_requests import requests_api
from api.invoices import invoices_api
from api.jobs import jobs_api
from api.metrics import metrics_api
from api.paths import InvoiceNumber, RowId, unversioned
from api.purchases import purchases_api
from api.sales import sales_api
from api.security import protect
from api.stock import stock_api
from api.suppliers import suppliers_api
from api.templates import templates_api
from api.transfers import transfers_api
from api.waiting import releasing

BLUEPRINTS = (
    generation_api, requests_api, export_api, invoices_api, suppliers_api, clients_api, templates_api, jobs_api,
    stock_api, transfers_api, sales_api, purchases_api, accounting_api, cron_api, admin_api, metrics_api, health_api,
)  # fmt: skip


class Application(Flask):
    json_provider_class = ExactProvider


def create_app() -> Flask:
    """Return the API. It knows no kind of work: whoever serves it registers those first."""
    app = Application(__name__, static_folder=None)
    app.url_map.merge_slashes = False
    app.url_map.converters |= {"row_id": RowId, "invoice_number": InvoiceNumber}
    register(app)
    protect(app)
    app.before_request(authenticate)
    api = document(app)
    for schema in (KnownClient, ClientDetails, RecreationAccepted):
        api.spec.components.schema(schema.__name__, schema=schema)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    app.wsgi_app = releasing(unversioned(app.wsgi_app))  # type: ignore[method-assign]
    return app
