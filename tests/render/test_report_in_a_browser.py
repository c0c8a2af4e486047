"""The report in Chromium, opened from the file system: mouse, keyboard and a phone's screen."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.render.report_files import HOSTILE, page_at, write_claims, write_runs

from medattn.render.inputs import Inputs
from medattn.report.gather_page import gather_page
from medattn.report.write_report import report_page

pytestmark = pytest.mark.browser
NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = os.environ.get("MEDATTN_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not CHROMIUM:
        pytest.skip("no Chromium found: install it, or name it by MEDATTN_CHROMIUM")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        # Chromium's own sandbox does not start as root, as which continuous integration runs.
        started = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"] if os.geteuid() == 0 else []
        )
        yield started
        started.close()


@pytest.fixture
def path(inputs: Inputs, tmp_path: Path) -> Path:
    write_runs(inputs.results)
    write_claims(inputs.results)
    return page_at(tmp_path, report_page(gather_page(inputs)))


def see(what: Any) -> Any:
    """Return an expectation that waits, because sorting, decompressing and opening are asynchronous."""
    from playwright.sync_api import expect

    return expect(what)


def opened(browser: Any, path: Path, **screen: Any) -> tuple[Any, list[str]]:
    """Open the page, and return it with everything that must not be: requests and messages of errors."""
    page = browser.new_context(**screen).new_page()
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    page.on("dialog", lambda dialog: wrong.append(f"dialog: {dialog.message}"))
    page.on(
        "request",
        lambda request: None if request.url.startswith((path.as_uri(), "data:")) else wrong.append(request.url),
    )
    page.goto(path.as_uri())
    page.wait_for_selector("#table-claims tbody td.verdict")
    page.wait_for_selector("#scatter .point")
    return page, wrong


def test_a_reader_sorts_filters_and_opens_numbers(browser: Any, path: Path) -> None:
    page, wrong = opened(browser, path, viewport={"width": 1280, "height": 900})
    first = page.locator("article#main tbody tr th").first

    head = page.locator("article#main thead tr").last.locator("th .dt-column-order").nth(0)
    head.focus()
    for direction in ("ascending", "descending"):
        page.keyboard.press("Enter")
        page.wait_for_selector(f"article#main th[aria-sort={direction}]")
    see(first).to_have_text("VGG-16 (with global attention)")  # the best number of the column

    search = page.locator("article#main input[type=search]")
    search.fill("LR")
    see(page.locator("article#main tbody tr")).to_have_count(1)
    search.fill("")

    see(page.locator("#claims .dt-length option:checked")).to_have_text("20")
    page.locator("#claims select[aria-label=Verdict]").select_option("not reproduced")
    see(page.locator("#table-claims tbody tr")).to_have_count(1)
    see(page.locator("#table-claims tbody tr")).to_contain_text(HOSTILE)
    page.locator("#table-claims button.open").click()
    see(page.locator("#details-title")).to_have_text("vgg16 l1 on phantom")
    page.keyboard.press("Escape")

    number = page.locator("article#main button.open[data-target='tiny.phantom.vgg16.gsa|accuracy|']").last
    number.focus()
    page.keyboard.press("Enter")
    for part in ("reproduced", "Learning curves", "Attention map", "Comparison with other arms", "seed 4"):
        see(page.locator("#details")).to_contain_text(part, ignore_case=True)
    see(page.locator("#details .curve")).to_have_count(10)
    page.locator("#details details.run summary").first.click()
    for part in ("c0ffee", "medattn train --plan"):
        see(page.locator("#details details.run").first).to_contain_text(part)
    assert "#number=" in page.url
    page.keyboard.press("Escape")
    see(page.locator("#details[open]")).to_have_count(0)
    see(number).to_be_focused()

    point = page.locator("#scatter .point[tabindex='0']")
    point.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    see(page.locator("#details-title")).to_have_text("vgg16 gsa on phantom")
    assert wrong == []

    for check in ("unnamed", "skippedHeadings"):
        assert page.evaluate(f"{CHECKS}; {check}()") == [], check
    assert page.evaluate("document.documentElement.lang") == "en"


def test_a_phone_shows_all_without_scrolling_sideways(browser: Any, path: Path) -> None:
    page, wrong = opened(browser, path, viewport={"width": 360, "height": 740})
    assert page.evaluate(SIDEWAYS) == 0
    page.locator("article#main button.open").last.click()
    page.wait_for_selector("#details[open]")
    assert page.evaluate("document.getElementById('details').scrollWidth") <= 360
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(f"{CHECKS}; faint()") == [], scheme
    assert wrong == []


SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
CHECKS = (Path(__file__).parent / "page_checks.js").read_text()
