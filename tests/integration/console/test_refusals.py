"""What is refused is said in the language of the page; the API says it in English."""

from tests.browser import logged_in, text
from tests.caller import Caller
from tests.tenant import Tenant

GERMAN = {"Accept-Language": "de"}


def test_a_refusal_is_said_in_the_language_of_the_page(organization: Tenant, client: Caller) -> None:
    browser = logged_in(organization.id)

    def act(page: str, path: str, **form: str) -> str:
        form["csrf"] = browser.csrf(page)
        return text(browser.post(path, form, headers=GERMAN))

    assert "Das Passwort ist falsch." in act("/account", "/account/password", password="x", new_password="y")
    assert "muss eine ganze Zahl von 1 bis 100 sein" in act("/jobs/retry", "/jobs/retry", per_second="0")
    assert "Kein Auftrag passt" in act("/jobs/retry", "/jobs/retry", per_second="7")
    assert "Den Auftrag 7 gibt es nicht." in text(browser.get("/jobs/7", headers=GERMAN))
    assert "muss etwas Sichtbares enthalten" in act("/users", "/users", name="", email="", role="owner")
    assert "job 7 not found" in text(browser.get("/jobs/7"))
    assert client.get("/api/v1/jobs/7").json["detail"] == "job 7 not found"
