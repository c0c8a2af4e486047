"""Generate docs/consistency.md: the method of each check and its results for the papers of the checkout.

`python -m medattn.consistency.page` writes the page; `--check` only tells whether it is up to date.
"""

import argparse
import inspect
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from medattn.config.manual.key_tables import prose
from medattn.consistency.check_paper import check_paper
from medattn.consistency.check_result import VERDICTS, CheckResult
from medattn.consistency.inputs import read_paper
from medattn.consistency.registry import CHECKS

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "consistency.md"
INTRODUCTION = Path(__file__).with_name("page_introduction.md")


def page() -> str:
    """Return the text of the page."""
    lines = [INTRODUCTION.read_text(encoding="utf-8").rstrip(), "", "## The checks"]
    for name, check in CHECKS.items():
        lines += ["", f"### {name}", "", *_method(check)]
    results = _of_papers()
    lines += ["", "## Results for the papers of this project", "", *_totals(results)]
    for paper, own in results.items():
        lines += ["", f"### Results for {paper}", "", *_results(own)]
    return "\n".join(lines) + "\n"


def _of_papers() -> dict[str, list[CheckResult]]:
    results = {}
    for path in sorted((ROOT / "papers").glob("*/published.csv")):
        results[path.parent.name] = list(check_paper(path.parent.name, *read_paper(path.parent)))
    return results


def _method(check: object) -> Iterator[str]:
    """Yield the paragraphs of a check's module, with the heads Method, Source and No power in bold."""
    module = inspect.getmodule(check)
    for i, paragraph in enumerate(inspect.cleandoc((module and module.__doc__) or "").split("\n\n")):
        if i:
            yield ""
        head, colon, rest = paragraph.partition(":")
        is_section = colon and head in ("Method", "Source", "No power")
        yield prose(f"**{head}:**{rest}" if is_section else paragraph)


def _totals(results: dict[str, list[CheckResult]]) -> Iterator[str]:
    yield "| paper | published and stated values checked | " + " | ".join(VERDICTS) + " |"
    yield "|---|" + "---:|" * (1 + len(VERDICTS))
    for paper, own in results.items():
        times = Counter(each.verdict for each in own)
        cells = [paper, str(len(own)), *(str(times[verdict]) for verdict in VERDICTS)]
        yield f"| {' | '.join(cells)} |"


def _results(results: Sequence[CheckResult]) -> Iterator[str]:
    yield "| check | table | value | published | expected | verdict | note |"
    yield "|---|---|---|---|---|---|---|"
    for each in results:
        if not (each.is_summary or each.verdict == "inconsistent"):
            continue
        cells = [
            each.check,
            each.table.replace(";", ", ") or "text",
            each.cell,
            each.published,
            each.expected,
            each.verdict,
            each.note,
        ]
        yield "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(text: str) -> str:
    return prose(text).replace("|", "\\|").replace("*", "\\*")


def main(arguments: list[str] | None = None) -> int:
    """Write the page, or check that it is up to date."""
    parser = argparse.ArgumentParser(
        prog="python -m medattn.consistency.page", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit with code 1 if the page is stale")
    check = parser.parse_args(arguments).check
    text = page()
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    if check:
        print("docs/consistency.md: out of date; run python -m medattn.consistency.page")
        return 1
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(text, encoding="utf-8")
    print("docs/consistency.md: written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
