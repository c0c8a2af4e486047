"""The report as people use it: in Chromium, from the file system, by mouse, keyboard and phone."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from medattn.render.inputs import Inputs
from medattn.render.report.gather import gather
from medattn.render.report.write import report_page
from tests.render.report_files import HOSTILE, page_at, write_claims, write_runs

pytestmark = pytest.mark.browser
CHROMIUM = os.environ.get("MEDATTN_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not CHROMIUM:
        pytest.skip("no Chromium found: install it, or name it by MEDATTN_CHROMIUM")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        # Chromium's own sandbox does not start as root, as which containers of continuous integration run.
        started = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"] if os.geteuid() == 0 else []
        )
        yield started
        started.close()


@pytest.fixture
def path(inputs: Inputs, tmp_path: Path) -> Path:
    write_runs(inputs.results)
    write_claims(inputs.results)
    return page_at(tmp_path, report_page(gather(inputs)))


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

    head = page.locator("article#main thead tr").last.locator("th .dt-column-order").nth(1)
    head.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert first.text_content() == "VGG-16 (with global attention)", "the best number of a column is first"
    assert page.locator("article#main th[aria-sort=descending]").count() == 1

    search = page.locator("article#main input[type=search]")
    search.fill("LR")
    assert page.locator("article#main tbody tr").count() == 1
    search.fill("")

    page.locator("#claims select[aria-label=Verdict]").select_option("not reproduced")
    assert page.locator("#table-claims tbody tr").count() == 1
    assert HOSTILE in page.locator("#table-claims tbody tr").inner_text()
    page.locator("#table-claims button.open").click()
    assert page.locator("#details-title").text_content() == "vgg16 l1 on phantom"
    page.keyboard.press("Escape")

    number = page.locator("article#main button.open[data-place='tiny.phantom.vgg16.gsa|accuracy|']").last
    number.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#details[open]")
    said = page.locator("#details").inner_text()
    for part in (
        "reproduced",
        "Learning curves",
        "Attention map",
        "Against other arms",
        "seed 4",
        "medattn train --plan",
    ):
        assert part in said, part
    assert page.locator("#details .curve").count() == 10
    page.locator("#details details.run summary").first.click()
    assert "c0ffee" in page.locator("#details details.run").first.inner_text()
    assert "#number=" in page.url
    page.keyboard.press("Escape")
    assert page.locator("#details[open]").count() == 0
    assert page.evaluate("document.activeElement.dataset.place") == "tiny.phantom.vgg16.gsa|accuracy|"

    point = page.locator("#scatter .point[tabindex='0']")
    point.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert page.locator("#details-title").text_content() == "vgg16 gsa on phantom"
    assert wrong == []

    assert page.evaluate(UNNAMED) == []
    assert page.evaluate(SKIPPED_HEADINGS) == []
    assert page.evaluate("document.documentElement.lang") == "en"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_all_without_scrolling_sideways(browser: Any, path: Path, scheme: str) -> None:
    page, wrong = opened(browser, path, viewport={"width": 360, "height": 740}, color_scheme=scheme)
    assert page.evaluate(SIDEWAYS) == 0
    page.locator("article#main button.open").last.click()
    page.wait_for_selector("#details[open]")
    assert page.evaluate("document.getElementById('details').scrollWidth") <= 360
    assert page.evaluate(FAINT) == []
    assert wrong == []


SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
UNNAMED = """() => [...document.querySelectorAll("button, select, input, img, [role=button], [role=region], dialog")]
  .filter((one) => !(one.ariaLabel || one.textContent.trim() || one.alt || one.title
    || one.labels?.[0]?.textContent.trim() || one.getAttribute("aria-labelledby")))
  .map((one) => one.outerHTML.slice(0, 200))"""
SKIPPED_HEADINGS = """() => { let last = 0; const found = [];
  for (const one of document.querySelectorAll("body > header h1, main h2, main h3, main h4")) {
    const level = Number(one.tagName[1]); if (level > last + 1) found.push(one.textContent); last = level; }
  return found; }"""
# Text of less contrast than 4.5 against the ground that it stands on (WCAG AA).
FAINT = """() => {
  const parts = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => { const [x, y, z] = [r, g, b].map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z; };
  const ground = (one) => { for (; one; one = one.parentElement) { const c = parts(getComputedStyle(one).backgroundColor);
    if (c.length === 3 || c[3] > 0.99) return c; } return [255, 255, 255]; };
  return [...document.querySelectorAll("body *")].filter((one) => one.checkVisibility() && !one.closest("svg")
      && [...one.childNodes].some((n) => n.nodeType === 3 && n.data.trim())).filter((one) => {
    const [a, b] = [light(parts(getComputedStyle(one).color)), light(ground(one))].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05) < 4.5 && !one.matches(":disabled, .disabled"); }).map((one) => one.outerHTML.slice(0, 120)); }"""
