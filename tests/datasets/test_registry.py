"""What the registry says of each data set, and docs/data.md with it."""

import re
from pathlib import Path

import pytest

from medattn.config.load import registered_datasets
from medattn.plan.availability import missing_reason, original_path
from medattn.sources.image_folder import ImageFolderSource

REGISTRY = registered_datasets()
PAGE = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
TABLE = dict(re.findall(r"^\| `(\w+)` \|(.*)\|$", PAGE.partition("\n## ")[0], re.MULTILINE))


def test_the_page_lists_every_data_set_and_no_other():
    assert set(TABLE) == set(REGISTRY)


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_the_page_says_where_a_data_set_lies(name):
    entry = REGISTRY[name]
    if entry.source.kind not in ("digits", "phantom"):
        place = original_path(name, entry, Path()).as_posix() + (
            "/" if isinstance(entry.source, ImageFolderSource) else ""
        )
        assert f"`{place}`" in TABLE[name]
    if entry.source.download:
        assert f"medattn fetch {name}" in TABLE[name]


def test_every_link_of_the_page_leads_to_a_heading():
    headings = {line.lstrip("# ").lower().replace(" ", "-") for line in PAGE.splitlines() if line.startswith("#")}
    assert set(re.findall(r"\]\(#([^)]*)\)", PAGE)) <= headings


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_a_data_set_has_a_license_a_source_to_cite_and_says_how_it_is_got(name, tmp_path):
    entry = REGISTRY[name]
    assert entry.license
    if "not public" not in entry.license and name != "phantom":
        assert entry.citation
        assert entry.homepage.startswith("https://")
    reason = missing_reason(name, entry, tmp_path)
    if isinstance(entry.source, ImageFolderSource):
        assert entry.source.obtain
        assert not entry.source.obtain.endswith(".")
        assert reason
        assert "\n" not in reason
