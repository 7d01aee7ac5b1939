from flask import Flask

from api.accounting.endpoints import accounting_api
from api.accounting.schemas import RecreationAccepted
from api.automations.endpoints import automations_api
from api.bills.endpoints import bills_api
from api.events.endpoints import events_api
from api.files.endpoints import files_api
from api.http.auth import require_permissions
from api.http.bodies.invoices import ClientDetails, KnownClient
from api.http.doubled import refuse_doubled
from api.http.errors import register
from api.http.exact_json import ExactProvider
from api.http.openapi import register_spec
from api.http.paths import InvoiceNumber, LinkToken, RowId, refuse_other_paths, refuse_webhooks, unversioned
from api.http.rates import limit_rates
from api.http.security import protect
from api.http.server import answer_heads
from api.http.shares import share_threads
from api.http.staleness import allow_staleness
from api.http.traces import follow_traces
from api.identity.audit import audit_api
from api.identity.keys import keys_api
from api.identity.me import me_api
from api.identity.users import users_api
from api.inventory.purchases import purchases_api
from api.inventory.sales import sales_api
from api.inventory.stock import stock_api
from api.inventory.transfers import transfers_api
from api.invoices.credit import CreditRequestBody, credit_api
from api.invoices.export import export_api
from api.invoices.generation import generation_api
from api.invoices.issued import invoices_api
from api.invoices.payments import payments_api
from api.invoices.requests import requests_api
from api.invoices.templates import templates_api
from api.jobs.direct_path import EXTENSION, DirectPath
from api.jobs.endpoints import jobs_api
from api.jobs.failures import failures_api
from api.jobs.schemas import document_kinds
from api.mail.endpoints import mail_api
from api.mailboxes.endpoints import mailboxes_api
from api.operations import health
from api.operations.admin import admin_api
from api.operations.cron import cron_api
from api.operations.health import health_api
from api.operations.metrics import metrics_api
from api.parties.clients import clients_api
from api.parties.suppliers import suppliers_api
from api.personal_data.endpoints import personal_data_api
from api.schedules.endpoints import schedules_api
from api.webhooks.endpoints import webhooks_api
from api.webhooks.posts import document_posts
from settings import Settings

BLUEPRINTS = (
    generation_api, requests_api, export_api, invoices_api, credit_api, payments_api, suppliers_api, clients_api,
    personal_data_api, templates_api, jobs_api, failures_api, schedules_api, stock_api, transfers_api, sales_api,
    purchases_api, bills_api, accounting_api, mail_api, mailboxes_api, automations_api, cron_api, admin_api,
    events_api, webhooks_api, files_api, me_api, users_api, keys_api, audit_api, metrics_api, health_api,
)  # fmt: skip


class Application(Flask):
    json_provider_class = ExactProvider


def create_app(settings: Settings) -> Flask:
    """Return the API, sized by `settings`. It knows no kind of work: its caller registers those first."""
    app = Application(__name__, static_folder=None)
    app.extensions[EXTENSION] = DirectPath(settings.direct_slots)
    app.extensions[health.EXTENSION] = health.DiskProbe()
    app.url_map.merge_slashes = False
    app.url_map.converters |= {"row_id": RowId, "invoice_number": InvoiceNumber, "link_token": LinkToken}
    register(app)
    follow_traces(app)
    protect(app)
    app.before_request(refuse_other_paths)
    app.before_request(refuse_webhooks)
    app.before_request(refuse_doubled)
    require_permissions(app)
    allow_staleness(app)
    answer_heads(app)
    limit_rates(app)
    share_threads(app, settings.api_threads)
    api = register_spec(app)
    for schema in (KnownClient, ClientDetails, CreditRequestBody, RecreationAccepted):
        api.spec.components.schema(schema.__name__, schema=schema)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    document_kinds(api.spec)
    document_posts(api.spec)
    app.wsgi_app = unversioned(app.wsgi_app)  # type: ignore[method-assign]
    return app
