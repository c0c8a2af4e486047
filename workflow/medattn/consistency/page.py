"""The page docs/consistency.md: what each check does, and what it found in the papers of the checkout.

`python -m medattn.consistency.page` writes it; with `--check` it only says whether it is out of step.
"""

import argparse
import inspect
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from medattn.config.manual.key_tables import prose
from medattn.config.models.facts import Facts
from medattn.consistency.check_paper import Audited, audit
from medattn.consistency.findings import VERDICTS
from medattn.consistency.inputs import read_facts
from medattn.consistency.published import read_published
from medattn.consistency.registry import CHECKS

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "claims.md"
INTRODUCTION = Path(__file__).with_name("page_introduction.md")


def page() -> str:
    """Return the text of the page."""
    lines = [INTRODUCTION.read_text(encoding="utf-8").rstrip(), "", "## The checks"]
    for name, check in CHECKS.items():
        lines += ["", f"### {name}", "", *_method(check)]
    audited = _of_papers()
    lines += ["", "## What they found in the papers of this project", "", *_totals(audited)]
    for paper, own in audited.items():
        lines += ["", f"### In {paper}", "", *_findings(own)]
    return "\n".join(lines) + "\n"


def _of_papers() -> dict[str, list[Audited]]:
    audited = {}
    for path in sorted((ROOT / "papers").glob("*/published.csv")):
        facts = path.with_name("facts.yaml")
        known = read_facts(facts) if facts.is_file() else Facts()
        audited[path.parent.name] = list(audit(path.parent.name, read_published(path), known))
    return audited


def _method(check: object) -> Iterator[str]:
    """Yield the paragraphs of a check's module, with Method, Source and No power set off."""
    module = inspect.getmodule(check)
    for i, paragraph in enumerate(inspect.cleandoc((module and module.__doc__) or "").split("\n\n")):
        if i:
            yield ""
        head, colon, rest = paragraph.partition(":")
        is_section = colon and head in ("Method", "Source", "No power")
        yield prose(f"**{head}:**{rest}" if is_section else paragraph)


def _totals(audited: dict[str, list[Audited]]) -> Iterator[str]:
    yield "| paper | published and stated numbers checked | " + " | ".join(VERDICTS) + " |"
    yield "|---|" + "---:|" * (1 + len(VERDICTS))
    for paper, own in audited.items():
        times = Counter(each.finding.verdict for each in own)
        cells = [paper, str(len(own)), *(str(times[verdict]) for verdict in VERDICTS)]
        yield f"| {' | '.join(cells)} |"


def _findings(audited: Sequence[Audited]) -> Iterator[str]:
    yield "| check | table | number | published | should or could be | verdict | why |"
    yield "|---|---|---|---|---|---|---|"
    for each in audited:
        found = each.finding
        if not (found.is_summary or found.verdict == "inconsistent"):
            continue
        cells = [
            each.check,
            found.table.replace(";", ", ") or "text",
            found.cell,
            found.published,
            found.expected,
            found.verdict,
            found.note,
        ]
        yield "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(text: str) -> str:
    return prose(text).replace("|", "\\|").replace("*", "\\*")


def main(arguments: list[str] | None = None) -> int:
    """Write the page, or check it."""
    parser = argparse.ArgumentParser(
        prog="python -m medattn.consistency.page", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if the page is out of step")
    check = parser.parse_args(arguments).check
    text = page()
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    if check:
        print("docs/consistency.md: out of step; run python -m medattn.consistency.page")
        return 1
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(text, encoding="utf-8")
    print("docs/consistency.md: written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
