"""The report is the page that the sealed folder gives, byte for byte."""

from collections.abc import Iterator
from dataclasses import replace

from medattn.audit.context import AuditContext
from medattn.audit.earlier_audit import lost_since
from medattn.audit.finding import Finding
from medattn.audit.obstacles import explained, in_project, plan_argument
from medattn.reading import read_bytes
from medattn.render.inputs import read_inputs
from medattn.report.audit_findings import embedded_audit
from medattn.report.gather_page import gather_page
from medattn.report.write_report import report_page

_REMEDY = "render the report again"


def check_report(context: AuditContext) -> Iterator[Finding]:
    """Compare report.html with the page of the folder.

    The page may show an audit. It embeds the findings that it shows, and the page is made with these again: audit.json,
    which a later audit may replace, is not read.
    """
    path = context.results.report
    if not path.is_file():
        if (lost := lost_since(context, path.name)) is not None:
            yield lost
        return
    found = read_bytes(path)
    # Without the audit in the folder, which only render --report shows.
    page = gather_page(read_inputs(context.results, context.configuration, context.root), with_audit=False)
    context.examined.update({"pages": 1})
    if found == report_page(page).encode():
        return
    shown = embedded_audit(found)
    if shown is not None and found == report_page(replace(page, audit=shown)).encode():
        return
    command = in_project(context, f"medattn render --report --plan {plan_argument(context)}")
    shows_seal = str(context.sealed.get("root", "")).encode() in found
    other = "another page" if shows_seal else "a page that shows another root hash than the seal"
    difference = Finding("error", path.name, "the page that the folder gives", other, _REMEDY, command=command)
    yield explained(context, difference, drawn=True)
