"""Writing the page: one file that needs nothing else, asks no network for anything, and runs no code but its own."""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from medattn.files import write_text
from medattn.render.captions import TEMPLATES
from medattn.render.inputs import Inputs
from medattn.report.blocks import packed
from medattn.report.gather import gather
from medattn.report.page_model import VERDICTS, Page

PAGE = TEMPLATES / "page"
LIBRARIES = ("jquery.min.js", "dataTables.min.js", "d3.min.js")
SCRIPTS = ("blocks.js", "tables.js", "plots.js", "details.js", "page.js")
STYLES = ("page.css",)


def write_report(inputs: Inputs) -> None:
    """Write report.html; the same results give the same page, byte for byte.

    Raises:
        UserError: a file that a stage has written is damaged.
    """
    write_text(inputs.results.report, report_page(gather(inputs)))


def report_page(page: Page) -> str:
    """Return the page as HTML. All text from configurations and results is escaped."""
    libraries = [_text(PAGE / "libraries" / name) for name in LIBRARIES]
    scripts = [_text(PAGE / name) for name in SCRIPTS]
    styles = [_text(PAGE / name) for name in STYLES]
    html = _template("page.html.j2").render(
        page=page,
        policy=_policy([*libraries, *scripts], styles),
        # Files of our own, which must reach the browser as they are: their hashes stand in the policy.
        libraries=[Markup(text) for text in libraries],  # noqa: S704
        scripts=[Markup(text) for text in scripts],  # noqa: S704
        styles=[Markup(text) for text in styles],  # noqa: S704
        licenses=_text(PAGE / "libraries" / "LICENCES.txt"),
        blocks={name: packed(value) for name, value in page.blocks.items()},
        verdicts=VERDICTS,
    )
    return html + "\n"


def _template(name: str) -> Template:
    loader = FileSystemLoader(PAGE)
    environment = Environment(
        loader=loader, undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template(name)


def _policy(scripts: Sequence[str], styles: Sequence[str]) -> str:
    """Return the page's Content-Security-Policy: its own scripts and styles by their hashes, pictures of its own."""
    return "; ".join(
        [
            "default-src 'none'",
            "script-src " + " ".join(map(_hash, scripts)),
            "style-src " + " ".join(map(_hash, styles)),
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
