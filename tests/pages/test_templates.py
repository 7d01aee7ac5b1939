"""Templates, in a browser."""

from tests.pages.looks import check


def test_a_template_is_looked_at(log_in, organization):
    page = log_in("owner")
    page.get_by_role("link", name="Templates").click()
    check(page)
    page.get_by_role("link", name="New template").click()
    check(page)
