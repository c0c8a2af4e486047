"""render: render tables and figures with their captions."""

TABLES = expand(str(RESULTS / "tables/{table}.html"), table=GRAPH["tables"])
FIGURES = expand(str(RESULTS / "figures/{figure}.svg"), figure=GRAPH["figures"])
COSTS = str(RESULTS / "complexity.csv")

# Snakemake's report reads the captions, which exist once tables and figures are rendered.
config["captions"] = {
    path.stem: path.read_text(encoding="utf-8")
    for path in (RESULTS / "captions").glob("*.rst")
}


rule render_table:
    input:
        measurements=RESULTS / "measurements.csv",
        comparisons=RESULTS / "comparisons.csv",
        rankings=RESULTS / "rankings.csv",
        costs=lambda wildcards: COSTS if wildcards.table in GRAPH["cost_tables"] else [],
    output:
        html=report(
            RESULTS / "tables/{table}.html",
            caption="../report/rendered.rst",
            category="Tables",
            labels={"table": "{table}"},
        ),
        others=multiext(str(RESULTS / "tables/{table}"), ".csv", ".md", ".tex"),
        caption=RESULTS / "captions/{table}.rst",
    log:
        RESULTS / "logs/render_table/{table}.log",
    benchmark:
        RESULTS / "benchmarks/render_table/{table}.tsv"
    wildcard_constraints:
        table="|".join(GRAPH["tables"]) or "none",
    conda:
        "../envs/medattn.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
        gpu=0,
    params:
        plan=str(PLAN),
        plan_sha256=PLAN_SHA256,
    message:
        "Rendering the table {wildcards.table}"
    shell:
        "medattn render --plan {params.plan:q} --table {wildcards.table:q} > {log:q} 2>&1 || failed {log:q}"


rule render_figure:
    input:
        measurements=RESULTS / "measurements.csv",
        comparisons=RESULTS / "comparisons.csv",
        rankings=RESULTS / "rankings.csv",
        epochs=RESULTS / "epochs.csv",
        multiverse=RESULTS / "multiverse.csv",
        costs=lambda wildcards: (
            COSTS if wildcards.figure in GRAPH["cost_figures"] else []
        ),
        answer=lambda wildcards: (
            RESULTS / "answer.csv"
            if wildcards.figure in GRAPH["answer_figures"]
            else []
        ),
    output:
        svg=report(
            RESULTS / "figures/{figure}.svg",
            caption="../report/rendered.rst",
            category="Figures",
            labels={"figure": "{figure}"},
        ),
        others=multiext(str(RESULTS / "figures/{figure}"), ".png", ".csv"),
        caption=RESULTS / "captions/{figure}.rst",
    log:
        RESULTS / "logs/render_figure/{figure}.log",
    benchmark:
        RESULTS / "benchmarks/render_figure/{figure}.tsv"
    wildcard_constraints:
        figure="|".join(GRAPH["figures"]) or "none",
    conda:
        "../envs/medattn.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
        gpu=0,
    params:
        plan=str(PLAN),
        plan_sha256=PLAN_SHA256,
    message:
        "Rendering the figure {wildcards.figure}"
    shell:
        "medattn render --plan {params.plan:q} --figure {wildcards.figure:q} > {log:q} 2>&1 || failed {log:q}"
