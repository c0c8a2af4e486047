"""The report in Chromium, opened from the file system: mouse, keyboard and a phone's screen."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.render.report_files import HOSTILE, page_at, write_claims, write_figures, write_runs

from medattn.render.figures.style import seed_color
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
    write_figures(inputs.results)
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
    see(page.locator("#details .plot .curve")).to_have_count(10)
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


def test_figures_open_large_by_mouse_and_keyboard_and_empty_ones_are_a_sentence(browser: Any, path: Path) -> None:
    page, wrong = opened(browser, path, viewport={"width": 1280, "height": 900})
    link = page.locator("a.enlarge")
    see(link).to_have_count(1)
    small = link.locator("img").bounding_box()["width"]
    link.click()
    see(page.locator("#enlarged h2")).to_be_focused()
    assert page.locator("#enlarged img").bounding_box()["width"] > small
    assert page.locator("#enlarged-file").get_attribute("href") == "figures/maps.svg"
    page.keyboard.press("Escape")
    see(page.locator("#enlarged[open]")).to_have_count(0)
    see(link).to_be_focused()
    page.keyboard.press("Enter")
    see(page.locator("#enlarged[open]")).to_have_count(1)
    page.locator("#enlarged .close").click()
    see(page.locator("p.empty#curves")).to_contain_text("curves")
    assert wrong == []


def test_a_seed_has_one_color_on_the_page(browser: Any, path: Path) -> None:
    page, wrong = opened(browser, path, viewport={"width": 1280, "height": 900})
    page.locator("article#main button.open[data-target='tiny.phantom.vgg16.gsa|accuracy|']").last.click()
    page.wait_for_selector("#details .dot")
    colors: dict[str, set[str]] = {}
    for name, color in page.evaluate(SEED_COLORS_SHOWN):
        colors.setdefault(name, set()).add(color)
    assert sorted(colors) == [f"seed {seed}" for seed in range(5)]
    assert [tuple(found) for _, found in sorted(colors.items())] == [(rgb(seed_color(seed)),) for seed in range(5)]
    assert wrong == []


def rgb(color: str) -> str:
    """Return a color such as #0072b2 as browsers write it."""
    return f"rgb({', '.join(str(int(color[place : place + 2], 16)) for place in (1, 3, 5))})"


@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing(browser: Any, path: Path, width: int) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page, _ = opened(browser, path, viewport={"width": width, "height": 800})
    found = axe.run(page).response["violations"]
    page.locator("a.enlarge").click()
    found += axe.run(page, "#enlarged").response["violations"]
    page.keyboard.press("Escape")
    page.locator("article#main button.open").last.click()
    page.wait_for_selector("#details[open]")
    found += axe.run(page, "#details").response["violations"]
    assert [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found] == []


def test_a_phone_shows_all_without_scrolling_sideways(browser: Any, path: Path) -> None:
    page, wrong = opened(browser, path, viewport={"width": 360, "height": 740})
    assert page.evaluate(SIDEWAYS) == 0
    see(page.locator("article#main .sideways")).to_be_visible()
    for link in page.locator("body > nav a").all():
        box = link.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 360
    page.locator("article#main button.open").last.click()
    page.wait_for_selector("#details[open]")
    assert page.evaluate("document.getElementById('details').scrollWidth") <= 360
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(f"{CHECKS}; faint()") == [], scheme
    assert wrong == []


SEED_COLORS_SHOWN = """() => [...document.querySelectorAll("#details .dot:has(title), #details path.curve:has(title)")]
  .map((one) => [one.querySelector("title").textContent.split(/[,:]/)[0],
    one.matches("path") ? getComputedStyle(one).stroke : getComputedStyle(one).fill])"""
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
CHECKS = (Path(__file__).parent / "page_checks.js").read_text()
