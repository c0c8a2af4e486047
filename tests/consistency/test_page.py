"""docs/consistency.md matches the checks, and its examples work."""

import re

import pytest
import yaml

from medattn.config.models.facts import Facts
from medattn.config.validation import validated
from medattn.consistency import page
from medattn.consistency.registry import CHECKS


@pytest.fixture(scope="module")
def text():
    """Return the current page, generated once."""
    return page.page()


@pytest.fixture(autouse=True)
def _made_once(monkeypatch, text):
    monkeypatch.setattr(page, "page", lambda: text)


def test_the_page_is_up_to_date(capsys):
    assert page.main(["--check"]) == 0, capsys.readouterr().out


def test_an_outdated_page_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(page, "PAGE", tmp_path / "docs" / "claims.md")
    assert page.main(["--check"]) == 1
    assert "docs/consistency.md: out of date" in capsys.readouterr().out
    assert page.main([]) == 0
    assert page.main(["--check"]) == 0


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_says_method_source_and_limits(name):
    text = "\n".join(page._method(CHECKS[name]))
    for section in ("Method", "Source", "No power"):
        assert f"**{section}:**" in text


def test_the_example_of_the_page_is_valid(text):
    example = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert example is not None
    assert validated(Facts, yaml.safe_load(example[1]), "page").test_sets["breast"].classes["malignant"] == 42


def test_the_link_to_the_manual_has_a_target():
    manual = (page.ROOT / "config" / "README.md").read_text()
    assert "## Facts about published values" in manual
