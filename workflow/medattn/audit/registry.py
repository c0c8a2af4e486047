"""Registry of the checks of an audit, in the order in which they run."""

from collections.abc import Callable, Iterator, Mapping

from medattn.audit.checks.chain import check_chain
from medattn.audit.checks.code import check_code
from medattn.audit.checks.completeness import check_completeness
from medattn.audit.checks.contradictions import check_contradictions
from medattn.audit.checks.crate import check_crate
from medattn.audit.checks.data import check_data
from medattn.audit.checks.environment import check_environment
from medattn.audit.checks.independence import check_independence
from medattn.audit.checks.originals import check_originals
from medattn.audit.checks.pairing import check_pairing
from medattn.audit.checks.plan import check_plan
from medattn.audit.checks.records import check_records
from medattn.audit.checks.report import check_report
from medattn.audit.checks.seal import check_seal
from medattn.audit.checks.snakemake import check_snakemake
from medattn.audit.checks.tables import check_tables
from medattn.audit.checks.training import check_training
from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding

Check = Callable[[AuditContext], Iterator[Finding]]

CHECKS: Mapping[str, Check] = {
    "seal": check_seal,
    "chain": check_chain,
    "plan": check_plan,
    "completeness": check_completeness,
    "records": check_records,
    "code": check_code,
    "data": check_data,
    "originals": check_originals,
    "environment": check_environment,
    "pairing": check_pairing,
    "training": check_training,
    "contradictions": check_contradictions,
    "independence": check_independence,
    "tables": check_tables,
    "report": check_report,
    "crate": check_crate,
    "snakemake": check_snakemake,
}

WITHOUT_PLAN = ("seal", "chain", "records", "code", "crate")
"""Checks that can run, at least in part, where another version of medattn wrote the plan."""

WITH_PAPERS = ("plan", "data", "originals", "independence", "tables", "report", "snakemake")
"""Checks that need the papers of the selection."""
