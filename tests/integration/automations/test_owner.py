"""An automation does what whoever wrote it may do when its turn comes."""

from tests import chain
from tests.integration.automations.conftest import AUTOMATIONS, NOTE, work

CREATE_JOB = {"do": "create_job", "type": NOTE, "payload": {"transfer": "{{data.transferId}}"}}


def test_a_revoked_key_ends_the_run_and_disables_the_automation(automations, operator):
    made = automations.create(CREATE_JOB)
    automations.tell({"transferId": 7, "transferNumber": "TR-7", "jobId": 1})
    chain.ask("UPDATE api_keys SET revoked_at = clock_timestamp() WHERE role <> 'operator'")
    work()
    [run] = operator.get(f"{AUTOMATIONS}/{made}/runs").json
    assert run["status"] == "failed"
    assert run["error"].startswith("what wrote the automation, key:1, is revoked, expired or disabled, and with it")
    assert operator.get(f"{AUTOMATIONS}/{made}").json["enabled"] is False
    assert chain.value("SELECT count(*) FROM jobs WHERE kind = %s", NOTE) == 0
    saved = operator.put(f"{AUTOMATIONS}/{made}", automations.body())
    assert saved.json["enabled"]
    assert saved.json["owner"] != f"key:{chain.value('SELECT min(id) FROM api_keys')}"
    automations.sent(8)
    assert operator.get(f"{AUTOMATIONS}/{made}/runs").json[0]["status"] == "succeeded"


def test_it_does_what_its_owner_may_do_when_its_turn_comes(automations, operator):
    """Or whoever may write automations could have anything done."""
    made = automations.create(CREATE_JOB)
    chain.ask("UPDATE api_keys SET role = NULL, scopes = '{jobs:create,automations:manage}' WHERE role = 'owner'")
    approving = automations.body(actions=[{"do": "approve_bill", "billId": 1}])
    refused = automations.client.put(f"{AUTOMATIONS}/{made}", approving)
    assert refused.json["permission"] == "bills:approve"
    chain.ask("UPDATE api_keys SET scopes = '{automations:manage}' WHERE scopes IS NOT NULL")
    automations.sent(7)
    [run] = operator.get(f"{AUTOMATIONS}/{made}/runs").json
    assert run["error"].startswith("what wrote the automation, key:1, lacks the permission jobs:create")
    assert operator.get(f"{AUTOMATIONS}/{made}").json["enabled"] is False
