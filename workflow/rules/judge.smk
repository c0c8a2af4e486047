"""judge: a verdict for every published value and every published comparison."""


rule judge_claims:
    input:
        measurements=RESULTS / "measurements.csv",
        costs=RESULTS / "complexity.csv",
        # What the papers print, and what they say of it; a paper of one's own may print nothing.
        published=[
            str(path)
            for paper in config["papers"]
            for path in sorted(Path("papers", paper).glob("[cp]*.*"))
            if path.name in ("published.csv", "facts.yaml")
        ],
    output:
        RESULTS / "claims.csv",
    log:
        RESULTS / "logs/judge_claims.log",
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        plan=str(PLAN),
    message:
        "Judging the published values and comparisons"
    shell:
        "medattn judge --plan {params.plan:q} > {log:q} 2>&1 || failed {log:q}"
