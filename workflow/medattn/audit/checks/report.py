"""The report is the page that the sealed folder gives, byte for byte."""

from collections.abc import Iterator
from dataclasses import replace

from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.errors import UserError
from medattn.render.inputs import read_inputs
from medattn.report.gather_page import gather_page
from medattn.report.write_report import report_page

_REMEDY = "run `medattn render --report` again"


def check_report(context: AuditContext) -> Iterator[Finding]:
    """Compare report.html with the page of the folder, with and without the findings of the last audit."""
    path = context.results.report
    if not path.is_file():
        return
    try:
        page = gather_page(read_inputs(context.results, context.configuration, context.root))
    except UserError as error:
        yield Finding("error", path.name, "a page that the folder gives", str(error), _REMEDY)
        return
    found = path.read_bytes()
    if all(found != report_page(shown).encode() for shown in (page, replace(page, audit=None))):
        yield Finding("error", path.name, "the page that the folder gives", "another page", _REMEDY)
