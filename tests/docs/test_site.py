"""The documentation site: its pages, and what it would load from elsewhere."""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from medattn.__main__ import COMMANDS
from tests.docs.pages import ROOT, site_hooks


class Settings(yaml.SafeLoader):
    """Reader of mkdocs.yml, which names a function of Python."""


Settings.add_multi_constructor("tag:yaml.org,2002:python/", lambda loader, suffix, node: suffix)
SETTINGS = yaml.load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"), Settings)


def entries(navigation: Any) -> Iterator[str]:
    if isinstance(navigation, str):
        yield navigation
    else:
        for entry in navigation.values() if isinstance(navigation, dict) else navigation:
            yield from entries(entry)


def test_every_page_is_in_the_navigation():
    hooks = site_hooks()
    pages = {path.relative_to(ROOT).as_posix() for pattern in hooks.PAGES for path in ROOT.glob(pattern)}
    assert set(entries(SETTINGS["nav"])) == pages | {hooks.COMMANDS_PAGE}
    assert set(ROOT.glob("papers/*/README.md")) <= {ROOT / page for page in pages}


def test_readers_load_nothing_from_elsewhere():
    assert SETTINGS["theme"]["font"] is False
    assert not [name for name in SETTINGS.get("extra_javascript", []) + SETTINGS["extra_css"] if "://" in name]
    assert "analytics" not in SETTINGS.get("extra", {})


def test_the_page_of_commands_has_the_help_of_each():
    page = site_hooks().commands_page()
    assert re.findall(r"^## (\S+)$", page, re.MULTILINE) == list(COMMANDS)
    assert page.count("usage: medattn ") == len(COMMANDS)


def test_pages_name_modules_that_exist():
    names = [
        name
        for page in ROOT.glob("docs/api/*.md")
        for name in re.findall(r"^::: medattn\.(\S+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert len(names) > 40
    for name in names:
        module, _, definition = name.rpartition(".")
        source = (ROOT / "workflow" / "medattn" / module.replace(".", "/")).with_suffix(".py")
        text = source.read_text(encoding="utf-8")
        assert re.search(rf"^(def|class) {definition}\b|^{definition} = ", text, re.MULTILINE), name


def test_formulas_become_mathml():
    html = site_hooks().on_page_content(r'<p>of <span class="arithmatex">\(a &lt; b_i\)</span> here</p>')
    assert html.startswith("<p>of <math ")
    assert "<mo>&#x0003C;</mo>" in html
    assert "arithmatex" not in html
