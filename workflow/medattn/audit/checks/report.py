"""The report, which is made from the sealed folder, comes out again byte for byte."""

from collections.abc import Iterator
from dataclasses import replace

from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.errors import UserError
from medattn.render.inputs import read_inputs
from medattn.report.gather_page import gather_page
from medattn.report.write_report import report_page

_ANEW = "write it again: `medattn render --report`"


def check_report(subject: AuditContext) -> Iterator[Finding]:
    """Compare report.html with the page that the folder gives, with what the last audit found and without it."""
    path = subject.results.report
    if not path.is_file():
        return
    try:
        page = gather_page(read_inputs(subject.results, subject.configuration, subject.root))
    except UserError as error:
        yield Finding("error", path.name, "a page that the folder gives", str(error), _ANEW)
        return
    found = path.read_bytes()
    if all(found != report_page(shown).encode() for shown in (page, replace(page, audit=None))):
        yield Finding("error", path.name, "the page that the folder gives", "another page", _ANEW)
