"""Schedules as those who keep them see them."""

from playwright.sync_api import expect

from tests.pages.looks import check


def test_a_schedule_is_made_as_its_time_is_explained(log_in):
    page = log_in("owner")
    page.get_by_role("link", name="Schedules").click()
    expect(page.get_by_role("main")).to_contain_text("There is no schedule yet.")
    page.get_by_role("link", name="New schedule").click()
    page.get_by_label("Name").fill("Monthly entries")
    page.get_by_label("Cron expression").fill("0 25 * * *")
    expect(page.get_by_role("status")).to_contain_text("cannot be read")
    page.get_by_label("Cron expression").fill("0 6 1 * *")
    expect(page.get_by_role("status")).to_contain_text("At 06:00 on the first day of every month")
    page.get_by_label("Type").select_option("accounting.recreate")
    page.get_by_label("What each job is given").fill('{"documents": [{"type": "invoice", "id": 1}]}')
    check(page)
    page.get_by_role("button", name="Make the schedule").click()
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    check(page, "schedule")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("heading", name="Monthly entries")).to_contain_text("paused")
    page.goto("schedules")
    check(page)
