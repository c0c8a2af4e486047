"""Writing of the report: one HTML file that makes no network request and runs only its embedded scripts."""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from medattn.files import write_text
from medattn.render.captions import TEMPLATES
from medattn.render.inputs import Inputs
from medattn.report.audit_findings import BLOCK as AUDIT_BLOCK
from medattn.report.audit_findings import embedded
from medattn.report.embedding import compressed_json
from medattn.report.gather_page import gather_page
from medattn.report.page_model import VERDICTS, Page

PAGE = TEMPLATES / "page"
LIBRARIES = ("jquery.min.js", "dataTables.min.js", "d3.min.js")
SCRIPTS = ("base.js", "tables.js", "plots.js", "details.js", "page.js")
STYLES = ("page.css",)


def write_report(inputs: Inputs) -> None:
    """Write report.html; equal results give byte-identical pages.

    Raises:
        UserError: a result file is damaged.
    """
    write_text(inputs.results.report, report_page(gather_page(inputs)))


def report_page(page: Page) -> str:
    """Return the page as HTML. Text from configurations and results is escaped."""
    libraries = [_text(PAGE / "libraries" / name) for name in LIBRARIES]
    scripts = [_text(PAGE / name) for name in SCRIPTS]
    styles = [_text(PAGE / name) for name in STYLES]
    html = _template("page.html.j2").render(
        page=page,
        policy=_policy([*libraries, *scripts], styles),
        # The embedded files must not be escaped, because the policy contains their hashes.
        libraries=[Markup(text) for text in libraries],  # noqa: S704
        scripts=[Markup(text) for text in scripts],  # noqa: S704
        styles=[Markup(text) for text in styles],  # noqa: S704
        licenses=_text(PAGE / "libraries" / "LICENSES.txt"),
        blocks={name: compressed_json(value) for name, value in _blocks(page).items()},
        verdicts=VERDICTS,
    )
    return html + "\n"


def _blocks(page: Page) -> dict[str, Any]:
    """Return the data of the page, with the audit that it shows, which `medattn audit` needs to make the page again."""
    return {**page.blocks, **({AUDIT_BLOCK: embedded(page.audit)} if page.audit else {})}


def _template(name: str) -> Template:
    loader = FileSystemLoader(PAGE)
    environment = Environment(
        loader=loader, undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template(name)


def _policy(scripts: Sequence[str], styles: Sequence[str]) -> str:
    """Return the Content-Security-Policy: only scripts and styles with these hashes, and images in data URLs."""
    return "; ".join(
        [
            "default-src 'none'",
            "script-src " + " ".join(map(_source_hash, scripts)),
            "style-src " + " ".join(map(_source_hash, styles)),
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _source_hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
