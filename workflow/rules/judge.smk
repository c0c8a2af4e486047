"""judge: give every published value and every published comparison its verdict."""


rule judge_claims:
    input:
        measurements=RESULTS / "measurements.csv",
        readings=RESULTS / "readings.csv",
        costs=RESULTS / "complexity.csv",
        # Published values and facts of the papers; a paper may have neither.
        published=[
            str(path)
            for paper in config["papers"]
            for name in ("published.csv", "facts.yaml")
            if (path := Path("papers", paper, name)).is_file()
        ],
    output:
        # Kept until the new file is written: the command stops where it would have fewer values.
        update(RESULTS / "claims.csv"),
    log:
        RESULTS / "logs/judge_claims.log",
    benchmark:
        RESULTS / "benchmarks/judge_claims.tsv"
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
        gpu=0,
    params:
        plan=str(PLAN),
        plan_sha256=PLAN_SHA256,
    message:
        "Judging the published values and comparisons"
    shell:
        "medattn judge --plan {params.plan:q} > {log:q} 2>&1 || failed {log:q}"
