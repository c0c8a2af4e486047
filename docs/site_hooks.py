"""Hooks of the documentation site (mkdocs.yml): pages outside of docs/, the page of commands, and formulas.

Every page and file keeps its path in the repository, so that the same links work on GitHub and on the site.
"""

import argparse
import html
import re
from importlib import import_module
from pathlib import Path

from latex2mathml.converter import convert
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from medattn.__main__ import COMMANDS
from medattn.log import add_verbosity_arguments

ROOT = Path(__file__).parents[1]
PAGES = (
    "docs/**/*.md", "config/README.md", "results/README.md", "results/reference/README.md", "papers/*/README.md",
    "benchmarks/README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md",
)  # fmt: skip
COMMANDS_PAGE = "docs/commands.md"
HOME = "docs/index.md"
LOOK = ("docs/site.css", "docs/favicon.svg")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Return the pages of the site, and the files of the repository that they link to."""
    pages = sorted({path.relative_to(ROOT).as_posix() for pattern in PAGES for path in ROOT.glob(pattern)})
    linked = {target for page in pages for target in linked_files(ROOT / page)} - {*pages, COMMANDS_PAGE}
    theme = [file for file in files if not (ROOT / config.docs_dir / file.src_uri).is_file()]
    own = [repository_file(name, config) for name in [*pages, *sorted(linked), *LOOK]]
    return Files([*theme, *own, File.generated(config, COMMANDS_PAGE, content=commands_page())])


def on_page_content(content: str, **_: object) -> str:
    """Return the HTML of a page with its formulas as MathML, which browsers show without a script."""
    return re.sub(
        r'<span class="arithmatex">\\\((.*?)\\\)</span>', lambda found: convert(html.unescape(found[1])), content
    )


def linked_files(page: Path) -> set[str]:
    """Return the paths of the files in the repository that a page links to."""
    targets = re.findall(r"\]\(([^)#\s]+)[^)\s]*\)", page.read_text(encoding="utf-8"))
    paths = [(page.parent / target).resolve() for target in targets if "://" not in target]
    return {path.relative_to(ROOT).as_posix() for path in paths if path.is_file() and path.is_relative_to(ROOT)}


def repository_file(name: str, config: MkDocsConfig) -> File:
    """Return a file of the site with its path in the repository."""
    return File(
        name,
        str(ROOT),
        config.site_dir,
        config.use_directory_urls,
        dest_uri="index.html" if name == HOME else None,
    )


def commands_page() -> str:
    """Return the Markdown text of the page with the help of every command."""
    lines = ["# Commands", "", "The help of every command: `medattn COMMAND --help`.", ""]
    for name, summary in COMMANDS.items():
        command = import_module(f"medattn.commands.{name}")
        parser = argparse.ArgumentParser(
            prog=f"medattn {name}",
            description=command.__doc__,
            formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(prog, width=100),
        )
        command.add_arguments(parser)
        add_verbosity_arguments(parser)
        lines += [
            f"## {name}",
            "",
            f"{summary[0].upper()}{summary[1:]}.",
            "",
            "```text",
            parser.format_help(),
            "```",
            "",
        ]
    return "\n".join(lines)
