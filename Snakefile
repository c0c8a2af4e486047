"""Reproduce the papers of a selection: train, measure, compare, judge, render, seal and report.

snakemake -n                                           the plan
snakemake --cores all                                  the selection in config.yaml
snakemake --cores all --configfile config/demo.yaml    another selection
snakemake --cores all audited                          also audit the results
"""

from snakemake.utils import min_version

min_version("9.10")


include: "workflow/rules/package.smk"
# Defines `config`: the files of --configfile, merged, or else config.yaml.
include: "workflow/rules/selection.smk"
include: "workflow/rules/plan.smk"
include: "workflow/rules/fetch.smk"
include: "workflow/rules/tune.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/measure.smk"
include: "workflow/rules/compare.smk"
include: "workflow/rules/complexity.smk"
include: "workflow/rules/judge.smk"
include: "workflow/rules/answer.smk"
include: "workflow/rules/render.smk"
include: "workflow/rules/audit.smk"


report: "workflow/report/workflow.rst"


# On a cluster, these rules run on the host of Snakemake: they take seconds or need the internet.
localrules:
    all,
    trained,
    measured,
    audited,
    prepare_dataset,
    judge_claims,
    pool_effects,
    seal_results,
    render_report,
    audit_results,


rule all:
    default_target: True
    input:
        RESULTS / "comparisons.csv",
        RESULTS / "claims.csv",
        RESULTS / "answer.csv",
        TABLES,
        FIGURES,
        RESULTS / "manifest.json",
        RESULTS / "report.html",


rule trained:
    input:
        GRAPH["measured"],


rule measured:
    input:
        RESULTS / "measurements.csv",


rule audited:
    input:
        RESULTS / "audit.json",
