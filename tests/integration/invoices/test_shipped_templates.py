"""`counterfoil migrate` brings the shipped templates up to date where nobody changed them."""

from hashlib import sha256

from click.testing import CliRunner

from cli.main import counterfoil
from domain.templates.library import FORMER
from domain.templates.template import DEFAULTS
from tests import bodies, chain

SOURCES = "SELECT name, encode(source_hash, 'hex') FROM templates ORDER BY id"


def digest(html: str) -> str:
    return sha256(html.encode()).hexdigest()


def test_migrate_renews_what_was_shipped_and_leaves_what_was_made(client, organization, monkeypatch):
    assert client.post("/api/v1/templates", {"name": "Mine", "html": bodies.TEMPLATE}).status_code == 201
    current = chain.rows(SOURCES)
    assert dict(current[:2]) == {name.capitalize(): digest(html) for name, html in DEFAULTS.items()}
    client.post(chain.GENERATE, bodies.invoice(organization.supplier_id))
    issued = chain.value("SELECT template_hash FROM invoices")
    for name in DEFAULTS:
        monkeypatch.setitem(FORMER, name, [digest(f"former {name}")])
        added = "INSERT INTO template_sources (hash, html) VALUES (decode(%s, 'hex'), %s)"
        chain.ask(added, *FORMER[name], f"former {name}")
        renamed = "UPDATE templates SET name = 'Renamed', source_hash = decode(%s, 'hex') WHERE name = %s"
        chain.ask(renamed, *FORMER[name], name.capitalize())
    ended = CliRunner().invoke(counterfoil, ["migrate"])
    assert ended.exit_code == 0, ended.output
    assert [source for _, source in chain.rows(SOURCES)] == [source for _, source in current]
    assert chain.value("SELECT template_hash FROM invoices") == issued


def test_what_is_shipped_now_is_not_named_as_former():
    now = {digest(html) for html in DEFAULTS.values()}
    assert not now & {one for former in FORMER.values() for one in former}
