"""What must be true of every page, however it is looked at; a picture of it is kept."""

import re
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

PICTURES = Path(__file__).parents[2] / "build" / "pages"
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
SIZES = {"phone": (320, 700), "desk": (1280, 800), "wall": (3840, 2160)}
MAX_BYTES = 100_000


def check(page: Page, name: str = "") -> None:
    """Fail unless the page can be used by everybody: on a phone and on a wall, by light and dark, by axe's rules."""
    page.wait_for_load_state()
    name = name or re.sub(r"\W+", "-", page.url.partition("/console/")[2]) or "home"
    for look, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        wider = page.locator("html").evaluate("html => html.scrollWidth - html.clientWidth")
        assert wider <= 0, f"{name} is {wider} px wider than a {look}"
        if look != "wall":
            _keep(page, f"{name}-{look}-light")
            _require_accessible(page, f"{name}, {look}", *RULES)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.emulate_media(color_scheme="dark")
    _keep(page, f"{name}-desk-dark")
    _require_accessible(page, f"{name}, dark", "color-contrast")
    page.emulate_media(color_scheme="light")


def _keep(page: Page, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png")


def _require_accessible(page: Page, name: str, *rules: str) -> None:
    found = Axe().run(page, options={"runOnly": [*rules]}).response["violations"]
    told = [f"{one['id']}: {one['help']}: {[node['html'] for node in one['nodes'][:3]]}" for one in found]
    assert not told, "\n".join([name, *told])
