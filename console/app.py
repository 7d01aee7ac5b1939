"""The pages of the console, as an application of its own below /console."""

from flask import Flask, Response, request

from api.http.exact_json import ExactProvider
from api.http.paths import RowId
from api.http.rates import limit_rates
from api.http.security import COMMON, POLICY, bound_body
from api.http.server import answer_heads
from api.http.shares import share_threads
from api.http.traces import follow_traces
from console import access, errors
from console.account import account_pages
from console.audit import audit_pages
from console.automations import automations_pages
from console.bill import bills_pages
from console.clients import clients_pages
from console.compression import compress_files
from console.doctor import doctor_pages
from console.events import events_pages
from console.failures import failures_pages
from console.home import home_pages
from console.invoices import invoices_pages
from console.jobs import jobs_pages
from console.journal import journal_pages
from console.keys import keys_pages
from console.lanes import lanes_pages
from console.live import live_pages
from console.login import login_pages
from console.mailboxes import mailboxes_pages
from console.mails import mails_pages
from console.numbering import numbering_pages
from console.people import people_pages
from console.personal_data import personal_data_pages
from console.print_templates import templates_pages
from console.processes import processes_pages
from console.purchases import purchases_pages
from console.quotas import quotas_pages
from console.rendering import prepare_templates
from console.sales import sales_pages
from console.schedules import schedules_pages
from console.shares import shares_pages
from console.stock import stock_pages
from console.suppliers import suppliers_pages
from console.transfers import transfers_pages
from console.webhooks import webhooks_pages
from settings import Settings

PATH = "/console"
PAGES = (
    home_pages, jobs_pages, failures_pages, people_pages, keys_pages, audit_pages, account_pages, login_pages,
    quotas_pages, templates_pages,
    live_pages, lanes_pages, processes_pages, doctor_pages, shares_pages, webhooks_pages, events_pages,
    transfers_pages, sales_pages, purchases_pages, stock_pages, mailboxes_pages, mails_pages, schedules_pages,
    invoices_pages, clients_pages, personal_data_pages, suppliers_pages, numbering_pages, journal_pages,
    automations_pages, bills_pages,
)  # fmt: skip
# No script and no style but our own files; nothing of ours is shown inside the page of another site.
OWN_FILES = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class Application(Flask):
    json_provider_class = ExactProvider


def create_console(settings: Settings) -> Flask:
    """Return the console, sized by `settings`; whoever mounts it at PATH has registered the kinds of work."""
    app = Application(__name__, static_url_path="/static")
    app.config |= {"APPLICATION_ROOT": PATH, "SEND_FILE_MAX_AGE_DEFAULT": 365 * 86_400}
    app.url_map.converters["row_id"] = RowId
    errors.register(app)
    follow_traces(app, PATH)
    app.before_request(bound_body)
    access.require_visits(app)
    answer_heads(app)
    access.require_csrf(app)
    limit_rates(app)
    share_threads(app, settings.api_threads)
    access.share_door(app)
    app.after_request(_say_what_is_allowed)
    compress_files(app)
    prepare_templates(app)
    for pages in PAGES:
        app.register_blueprint(pages)
    return app


def _say_what_is_allowed(response: Response) -> Response:
    response.headers.update(COMMON)
    response.headers.setdefault(POLICY, OWN_FILES)
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    return response
