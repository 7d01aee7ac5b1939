"""A page in the background costs nothing, and shows what is so when it is looked at again."""

from playwright.sync_api import expect

from domain.jobs.lifecycle import Status
from tests.integration.jobs.test_moves import bring

TURN = """hidden => {
    Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def is_stream(request) -> bool:
    return request.url.endswith("/live")


def test_a_hidden_page_ends_its_stream_and_follows_again_when_it_is_seen(log_in, organization):
    page = log_in("owner")
    with page.expect_response(lambda response: is_stream(response.request)):
        page.reload()
    expect(page.get_by_text("All is well")).to_be_visible()
    with page.expect_event("requestfailed", is_stream):
        page.evaluate(TURN, True)
    bring(organization.id, Status.FAILED)
    with page.expect_request(is_stream):
        page.evaluate(TURN, False)
    expect(page.get_by_role("link", name="One job failed lately.")).to_be_visible()
