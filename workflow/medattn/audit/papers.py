"""The papers' files that decide what is planned, judged and rendered, with their hashes for the seal."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from medattn.files import sha256_of_file
from medattn.plan.model import Plan

_SUFFIXES = {".yaml", ".csv"}


def paper_files(plan: Plan, root: Path = Path()) -> Iterator[str]:
    """Yield the files of the plan's papers below `root`, sorted: paper.yaml, published.csv, facts.yaml and others."""
    for name in sorted(plan.configuration.get("papers", ())):
        for path in sorted((root / "papers" / name).rglob("*")):
            if path.suffix in _SUFFIXES and path.is_file():
                yield path.relative_to(root).as_posix()


def paper_facts(plan: Plan, root: Path = Path()) -> dict[str, Any]:
    """Return size and SHA-256 of each of the `paper_files`."""
    return {
        name: {"bytes": (root / name).stat().st_size, "sha256": sha256_of_file(root / name)}
        for name in paper_files(plan, root)
    }
