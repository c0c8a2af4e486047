"""render: render tables and figures with their captions, one job a paper.

A job renders only what would change. So its outputs stay until they are replaced.
"""

from medattn.shipped import paper_folder

TABLES = expand(str(RESULTS / "tables/{table}.html"), table=GRAPH["tables"])
FIGURES = expand(str(RESULTS / "figures/{figure}.svg"), figure=GRAPH["figures"])


def in_report(folder, category, label, name, ending):
    """Return a file that Snakemake's report shows; its caption exists once it is rendered."""
    path = RESULTS / folder / f"{name}.{ending}"
    caption = str((RESULTS / f"captions/{name}.rst").absolute())
    shown = report(path, caption=caption, category=category, labels={label: name})
    return update(shown)


for paper, batch in GRAPH["rendered"].items():

    rule:
        name:
            f"render_{paper}"
        input:
            measurements=RESULTS / "measurements.csv",
            comparisons=RESULTS / "comparisons.csv",
            rankings=RESULTS / "rankings.csv",
            epochs=RESULTS / "epochs.csv",
            multiverse=RESULTS / "multiverse.csv",
            # Costs of networks and pooled effects, where a table or figure shows them.
            others=[RESULTS / name for name in batch["reads"]],
            published=[
                str(path)
                for path in [paper_folder(Path(), paper) / "published.csv"]
                if path.is_file()
            ],
        output:
            stamps=update(RESULTS / f"rendered/{paper}.json"),
            tables=[
                in_report("tables", "Tables", "table", name, "html")
                for name in batch["tables"]
            ],
            figures=[
                in_report("figures", "Figures", "figure", name, "svg")
                for name in batch["figures"]
            ],
            others=update(
                expand(
                    str(RESULTS / "tables/{table}.{format}"),
                    table=batch["tables"],
                    format=["csv", "md", "tex"],
                )
                + expand(
                    str(RESULTS / "figures/{figure}.{format}"),
                    figure=batch["figures"],
                    format=["png", "csv"],
                )
                + expand(
                    str(RESULTS / "captions/{name}.rst"),
                    name=batch["tables"] + batch["figures"],
                )
            ),
        log:
            RESULTS / f"logs/render/{paper}.log",
        benchmark:
            RESULTS / f"benchmarks/render/{paper}.tsv"
        localrule: True
        conda:
            "../envs/medattn.yaml"
        resources:
            mem_mb=lambda wildcards, attempt: 4000 * attempt,
            runtime=lambda wildcards, attempt: 60 * attempt,
            gpu=0,
        params:
            plan=str(PLAN),
            paper=paper,
            holds=", ".join(batch["tables"] + batch["figures"]),
            declared=batch["declared"],
        message:
            "Rendering what has changed of {params.paper}: {params.holds}"
        shell:
            "medattn render --plan {params.plan:q} --paper {params.paper:q} --changed > {log:q} 2>&1 || failed {log:q}"
